from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data import LabelMap, adapt
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import SourceNeeds, Spec, spec
from lightning_synthaug.filling.identity import join
from lightning_synthaug.generators import Generator
from tests.helpers.faulty import Faulty, Variant
from tests.helpers.traced import traced_dataset


def told(generator: Generator) -> Spec:
    needs = SourceNeeds(
        1,
        generator,
        values=np.arange(3),
        label_map=LabelMap(None),
        generation_seed=4,
        twins=adapt(traced_dataset(9)),
    )
    return Spec("folder", 1000, "cpu", [("gan", needs)])


def test_what_is_handed_over_is_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    fd = told(Faulty("log", every=7)).hand_over()
    assert str(Path(f"/proc/self/fd/{fd}").readlink()).endswith(
        "(deleted)"
    )  # nobody else can open it
    monkeypatch.setattr(sys, "path", ["elsewhere"])
    mine = Spec.take_over(fd)
    assert "elsewhere" not in sys.path
    assert (mine.folder, mine.byte_budget, mine.device) == ("folder", 1000, "cpu")
    ((name, needs),) = mine.sources
    assert name == "gan"
    assert needs.generator.every == 7  # type: ignore[attr-defined]
    assert needs.request(5) == told(Faulty("log")).sources[0][1].request(5)


@pytest.mark.parametrize(("generator", "sent"), [(Faulty("log"), False), (Variant(), True)])
def test_the_dataset_goes_along_only_where_it_is_needed(generator: Generator, sent: bool) -> None:
    needs = Spec.take_over(told(generator).hand_over()).sources[0][1]
    assert (needs._twins is not None) == sent
    if sent:
        twin = needs.request(join(2, 0)).twin
        assert twin is not None
        assert np.array_equal(twin["image"][..., 0], traced_dataset(9).tensors[0][2, 0].numpy())


@pytest.mark.parametrize("there", [True, False])
def test_what_cannot_be_pickled_is_named(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    if not there:
        monkeypatch.setattr(spec, "_cloudpickle", lambda: None)
    generator = Faulty("log")
    generator.lock = threading.Lock()  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="SA506") as error:
        told(generator).hand_over()
    assert "'gan'" in str(error.value)
    assert ("[background]" in str(error.value)) != there
