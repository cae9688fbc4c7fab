"""Real samples are read for the watch once, late, and without a trace in the user's dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, Subset

from lightning_synthaug.data import LabelMap, Record, Verdict
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.generators.gates.watch import CollapseWatch
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.displaced import DisplacedRows
from lightning_synthaug.mixing.watches import Watches
from tests.helpers.collapsing import Turning, image


class Pictures(Dataset[Any]):
    """Opens something when the first item is read, and draws from the user's random state."""

    def __init__(self, size: int = 1000) -> None:
        self.size = size
        self.read: list[int] | None = None

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        self.read = [*(self.read or ()), index]
        torch.rand(1)
        return image(index % 4, index), index % 4


def watches(dataset: Any, labels: Any = None, **options: Any) -> Watches:
    recipe = Recipe(**{"source": Turning(100), "ratio": 0.5, "on_collapse": "warn", **options})
    return Watches(recipe, dataset, labels=labels, label_map=LabelMap(recipe.label_map))


def made_by(watches: Watches, conditioning: Any = "class") -> CollapseWatch:
    watching = watches.of(Turning(100, conditioning=conditioning))
    watching.get_ready()
    assert watching._watch is not None
    return watching._watch


def test_nothing_is_read_before_a_sample_is_made_and_then_once(monkeypatch: Any) -> None:
    reads: list[int] = []
    monkeypatch.setattr(
        Pictures, "__getitem__", lambda _, i: (reads.append(i), (image(i % 4, i), i % 4))[1]
    )
    both = watches(Pictures(), np.arange(1000) % 4)
    one, other = both.of(Turning(1)), both.of(Turning(2))
    assert not reads
    one.see([Request(0, 0)], [Record({"image": image(0, 5)})])
    count = len(reads)
    assert 500 <= count < 520
    other.see([Request(0, 0)], [Record({"image": image(0, 5)})])
    assert len(reads) == count


def test_what_reading_opens_stays_out_of_the_users_dataset_and_random_state() -> None:
    pictures = Pictures()
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    watch = made_by(watches(Subset(pictures, range(0, 1000, 2))))
    assert watch._reference is not None
    assert len(watch._reference.vectors) == 500
    assert pictures.read is None
    assert torch.equal(torch.rand(1), expected)


def test_labels_are_those_of_the_generator() -> None:
    labels = np.arange(1000) % 4
    reference = made_by(watches(Pictures(), labels, label_map={0: 7, 1: 8}))._reference
    assert reference is not None
    assert reference.labels is not None
    assert sorted(set(reference.labels.tolist())) == [-1, 7, 8]
    own = made_by(watches(Pictures(), labels, label_map={0: 7, 1: 8}), "none")
    assert own._chooses
    assert own._reference is not None
    assert sorted(set(own._reference.labels.tolist())) == [0, 1, 2, 3]  # type: ignore[union-attr]


class Unreadable(Pictures):
    def __getitem__(self, index: int) -> Any:
        raise OSError("no such file")


@pytest.mark.parametrize("dataset", [Unreadable(), DisplacedRows(np.arange(3), 5), Pictures(0)])
def test_where_real_samples_cannot_be_read_the_first_ones_made_take_their_place(
    dataset: Any,
) -> None:
    watch = made_by(watches(dataset))
    assert watch._reference is None
    requests = [Request(i % 4, i) for i in range(600)]
    made = [Record({"image": image(i % 4, i if i < 300 else 1)}) for i in range(600)]
    for i in range(0, 600, 20):
        watch.see(requests[i : i + 20], made[i : i + 20])
    assert watch.collapse is not None
    assert 300 < watch.collapse.made <= 400


class Fitted(Gate):
    fitted = True

    def judge(self, requests: Any, records: Any) -> list[Verdict]:
        return [Verdict(True) for _ in records]


def test_training_does_not_wait_for_real_samples_unless_gates_read_some(tmp_path: Path) -> None:
    background: dict[str, Any] = {"fill": "background", "cache": tmp_path}
    assert made_by(watches(Pictures(), **background))._reference is None
    assert made_by(watches(Pictures(), gates=Fitted(), **background))._reference is not None


def test_nobody_watches_where_it_is_off() -> None:
    watching = watches(Pictures(), on_collapse="off").of(Turning(0))
    watching.see([Request(0, 0)] * 500, [Record({"image": image(0, 1)})] * 500)
    assert watching.collapse is None


def test_a_mixture_tells_which_sources_it_has_opened() -> None:
    mixture = Mixture(Recipe(source=Turning(100), ratio=0.5, on_collapse="warn"), Pictures())
    assert mixture.opened == []
