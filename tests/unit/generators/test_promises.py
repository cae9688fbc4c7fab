from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_synthaug.generators.promises import made_again, nothing_opened, random_states, skip


class Kept:
    def __init__(self, a: int, *, b: str = "b", **more: int) -> None:
        self.a = a
        self.b = b


def test_an_object_is_made_again_of_its_attributes() -> None:
    again = made_again(Kept(3, b="c"))
    assert (again.a, again.b) == (3, "c")
    forgetful = Kept(3)
    del forgetful.b
    with pytest.raises(AssertionError, match="`b` must be kept"):
        made_again(forgetful)


def test_opening_and_starting_are_noticed_and_allowed_again() -> None:
    with nothing_opened(), pytest.raises(AssertionError, match="must not open files"):
        Path(__file__).read_text("utf-8")
    with nothing_opened(), pytest.raises(AssertionError, match="must not open files"):
        subprocess.Popen([sys.executable])
    assert Path(__file__).read_text("utf-8")


@pytest.mark.parametrize(
    "draw",
    [random.random, lambda: np.random.rand(), lambda: torch.rand(1)],  # noqa: NPY002
    ids=["python", "numpy", "torch"],
)
def test_each_global_state_is_watched(draw: object) -> None:
    before = random_states()
    assert before == random_states()
    assert callable(draw)
    draw()
    assert before != random_states()


def test_a_test_is_skipped() -> None:
    with pytest.raises(pytest.skip.Exception, match="no reason"):
        skip("no reason")
