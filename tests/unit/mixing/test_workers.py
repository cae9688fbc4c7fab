"""Samples are held against real ones in workers like the user's, before more of them are made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.errors import DataError
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 45


class Lazy(Dataset[Any]):
    """Opens what it reads from in the worker, as users do with files."""

    opened: int | None = None

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> torch.Tensor:
        assert self.opened is not None
        return torch.tensor(float(self.opened))


def open_in_worker(worker: int) -> None:
    info = torch.utils.data.get_worker_info()
    assert info is not None
    info.dataset.opened = 5  # type: ignore[attr-defined]


def test_worker_init_fn_finds_the_users_dataset() -> None:
    user = DataLoader(Lazy(), 2, num_workers=1, worker_init_fn=open_in_worker)
    mixed = sa.mix(user, [torch.tensor(9.0)] * 4, 0.5)
    assert sorted(torch.cat(list(mixed)).tolist()) == [5.0] * 4 + [9.0] * 4


class Wide(Tracer):
    """Makes images that are wider than the dataset's, four at once, and counts them."""

    made = 0

    def generate(self, requests: Sequence[sa.Request]) -> Any:
        self.made += len(requests)
        image = np.zeros((6, 7), np.uint8)
        return [Record({"image": image, "label": r.label}) for r in requests]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_sample_that_does_not_fit_is_found_before_more_are_made(
    tmp_path: Path, workers: int
) -> None:
    source = Wide()
    loader = sa.mix(
        DataLoader(traced_dataset(SIZE), 8, num_workers=workers), source, 0.5, cache=tmp_path
    )
    with pytest.raises(DataError, match=r"(?s)\[1, 6, 6\].*\[1, 6, 7\].*SA205"):
        next(iter(loader))
    assert source.made == source.batch_size == 4


def test_what_the_transform_or_item_makes_of_it_counts(tmp_path: Path) -> None:
    def narrow(image: np.ndarray) -> np.ndarray:
        return image[:, :6].copy()

    def item(record: Record) -> Any:
        return torch.from_numpy(record["image"][None, :, :6].copy()), torch.tensor(
            places[record["label"]]
        )

    user = DataLoader(traced_dataset(SIZE), 8)
    list(sa.mix(user, Wide(), 0.5, transform=narrow, cache=tmp_path / "a"))
    # `item` gets labels in the user's terms: the generator's 12 would be no name.
    places, to = {0: 0, 1: 1, 2: 2}, {0: 10, 1: 11, 2: 12}
    list(sa.mix(user, Wide(), 0.5, item=item, label_map=to, cache=tmp_path / "b"))
    raw = sa.mix(user, Wide(), 0.5, transform=narrow, transform_on="real", cache=tmp_path / "c")
    with pytest.raises(DataError, match="SA205"):
        next(iter(raw))


class OpenedThere(Dataset[Any]):
    """Opens its images where they are read, and remembers in which process."""

    def __init__(self, data: Any) -> None:
        self.data, self.opened = data, False
        self.targets = data.tensors[1]

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Any:
        self.opened = True
        return self.data[index]


def test_nothing_is_opened_in_the_main_process_where_there_are_workers(tmp_path: Path) -> None:
    data = OpenedThere(traced_dataset(SIZE))
    state = torch.random.get_rng_state()
    loader = DataLoader(data, 8, num_workers=1, worker_init_fn=check_dataset)
    mixed = sa.mix(loader, Tracer(), 0.5, cache=tmp_path)
    mixed.feed.begin()
    assert torch.equal(state, torch.random.get_rng_state())
    assert mixed.feed.totals.generated > 4
    list(mixed)
    assert not data.opened


def check_dataset(worker: int) -> None:
    info = torch.utils.data.get_worker_info()
    assert info is not None
    assert isinstance(info.dataset, OpenedThere)


def test_workers_that_are_spawned_check_too(tmp_path: Path) -> None:
    source = Wide()
    user = DataLoader(traced_dataset(SIZE), 8, num_workers=1, multiprocessing_context="spawn")
    with pytest.raises(DataError, match="SA205"):
        next(iter(sa.mix(user, source, 0.5, cache=tmp_path)))
    assert source.made == 4
