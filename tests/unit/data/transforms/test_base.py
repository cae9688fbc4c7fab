from __future__ import annotations

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

from functools import partial
from typing import Any

import albumentations as A
import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record, SampleTransform, build_transform
from lightning_synthaug.data.transforms.base import called, checked_array
from lightning_synthaug.errors import DataError

GIVEN = np.arange(12, dtype=np.uint8).reshape(3, 4)


class Numbering(SampleTransform):
    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        return {"seed": seed, "n": record["n"]}


def test_apply_replaces_the_fields_that_change() -> None:
    record = Record({"n": 1, "label": 2})
    assert Numbering().apply(record, 9) == Record({"n": 1, "label": 2, "seed": 9})
    assert "seed" not in record


def test_a_view_is_copied_so_that_nobody_can_write_into_a_record() -> None:
    base = GIVEN.copy()
    result = checked_array("image", base[::-1], GIVEN, len)
    base[:] = 0
    assert np.array_equal(result, GIVEN[::-1])
    assert not result.flags.writeable


def test_a_fresh_result_is_taken_over_without_a_copy() -> None:
    fresh = GIVEN.copy()
    assert checked_array("image", fresh, GIVEN, len) is fresh
    assert Record({"image": fresh})["image"] is fresh


def test_other_dtypes_and_ranks_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"uint8 with 2 dimensions, got int64 with 1 dim.* from len.*\[SA212\]"
    ):
        checked_array("image", np.arange(3), GIVEN, len)


def test_transforms_are_named_by_function_or_class() -> None:
    assert called(partial(len)) == "partial"
    assert called(Numbering()) == "Numbering"


@pytest.mark.parametrize("shape", [(5, 8, 9), (8, 9, 5), (3, 9, 3), (2, 8, 9)])
def test_axes_that_nobody_can_tell_are_not_guessed_at(shape: tuple[int, ...]) -> None:
    record = Record({"image": np.zeros(shape, np.uint8)})
    for library in (torch.nn.Identity(), A.HorizontalFlip()):
        with pytest.raises(DataError, match=r"whose axes nobody can tell.*SA212"):
            build_transform(library).apply(record, 1)
    assert build_transform(lambda image: image[::-1]).apply(record, 1) == record
