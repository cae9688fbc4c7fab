from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import torch

from lightning_synthaug.data.transforms import seeded_globals


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002


def test_inside_the_seed_decides_and_outside_nothing_changes() -> None:
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    plain = [draw(), draw()]
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    with_blocks = [draw()]
    with seeded_globals(5):
        inside = draw()
        with seeded_globals(6):
            other = draw()
        after = draw()
    with_blocks.append(draw())
    assert with_blocks == plain
    assert inside != other
    with seeded_globals(5):
        assert [draw(), draw()] == [inside, after]


def test_seeds_of_the_whole_range_are_taken() -> None:
    for seed in (0, 2**32, 2**63, 2**64 - 1):
        with seeded_globals(seed):
            draw()


def test_torch_is_neither_needed_nor_loaded() -> None:
    code = (
        "import sys; from lightning_synthaug.data.transforms import seeded_globals\n"
        "with seeded_globals(3): pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
