from __future__ import annotations

import functools
import pickle
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from lightning_synthaug.mixing.identity import RowWatch, rows_unknown


class MixUp:
    """Named as torchvision's."""

    def __call__(self, images: Any, labels: Any) -> Any:
        return images * 0.5 + images.roll(1, 0) * 0.5, labels


class RandomChoice(torch.nn.Module):
    def __init__(self, transforms: list[Any]) -> None:
        super().__init__()
        self.transforms = transforms

    def forward(self, *batch: Any) -> Any:
        return self.transforms[0](*batch)


class Batches:
    def __init__(self) -> None:
        self.choice = RandomChoice([MixUp()])
        self.callbacks = [MixUp()]

    def collate(self, items: list[Any]) -> Any:
        return self.choice(*default_collate(items))

    def other(self, items: list[Any]) -> Any:
        return default_collate(items)


blend = MixUp()


def by_a_global(items: list[Any]) -> Any:
    return blend(*default_collate(items))


def by_its_class(items: list[Any]) -> Any:
    return MixUp()(*default_collate(items))


def by_a_closure() -> Any:
    chosen = RandomChoice([blend])

    def collate(items: list[Any]) -> Any:
        return chosen(*default_collate(items))

    return collate


def cutmix_collate(items: list[Any]) -> Any:
    return default_collate(items)


def plain(items: list[Any]) -> Any:
    return default_collate([np.asarray(item) for item in items])


BLENDING = {
    "global": by_a_global,
    "class": by_its_class,
    "closure": by_a_closure(),
    "function": cutmix_collate,
    "partial": functools.partial(lambda f, items: f(items), cutmix_collate),
    "method": Batches().collate,
    "instance": MixUp(),
}


@pytest.mark.parametrize("name", BLENDING)
def test_blending_is_known_by_its_name(name: str) -> None:
    reason = RowWatch(BLENDING[name]).reason(2, torch.zeros(2, 3))
    assert reason is not None
    assert "which blends rows" in reason


def test_a_plain_collate_keeps_rows() -> None:
    assert RowWatch(plain).reason(4, plain([1, 2, 3, 4])) is None
    # What an object holds besides is none of the collate's business.
    assert RowWatch(Batches().other).reason(4, torch.zeros(4)) is None


@pytest.mark.parametrize(
    "batch",
    [
        torch.zeros(1, 12),
        {"input_ids": torch.zeros(1, 12), "lengths": np.zeros(5), "scale": torch.tensor(1.0)},
        (torch.zeros(12), [torch.zeros(3, 2)]),
    ],
)
def test_packing_is_seen_by_the_size(batch: Any) -> None:
    reason = RowWatch(lambda items: batch).reason(4, batch)
    assert reason is not None
    assert "of 4 items a batch in which nothing has 4 rows" in reason


@pytest.mark.parametrize(
    "batch",
    [
        torch.zeros(4, 3),
        {"tokens": torch.zeros(1, 12), "labels": np.zeros(4)},
        ([torch.zeros(3, 5, 5)] * 4, None),
        [{"boxes": torch.zeros(7, 4)}] * 4,
        object(),
        ["some", "words"],
        torch.tensor(1.0),
    ],
)
def test_rows_are_kept_where_nothing_speaks_against_it(batch: Any) -> None:
    assert RowWatch(lambda items: batch).reason(4, batch) is None


def test_the_functions_own_word_counts_first() -> None:
    def mixup(items: list[Any]) -> Any:
        return items

    mixup.mixes_rows = False  # type: ignore[attr-defined]
    assert RowWatch(mixup).reason(4, torch.zeros(1, 9)) is None

    def harmless(items: list[Any]) -> Any:
        return items

    harmless.mixes_rows = True  # type: ignore[attr-defined]
    assert "mixes_rows = True" in str(RowWatch(harmless).reason(4, torch.zeros(4)))


def test_a_name_without_a_value_is_no_trouble() -> None:
    def make() -> Any:
        def collate(items: list[Any]) -> Any:
            return late(items)

        watch = RowWatch(collate)
        late = plain
        return watch

    assert make().reason(2, torch.zeros(2)) is None


def test_it_travels_to_workers() -> None:
    watch = pickle.loads(pickle.dumps(RowWatch(cutmix_collate)))
    assert "cutmix_collate" in watch.reason(2, torch.zeros(2))


def test_the_error_says_what_and_why() -> None:
    error = rows_unknown("`source`", "because")
    assert error.code == "SA607"
    assert str(error).startswith("`source` must be asked for")
    assert "because" in str(error)
