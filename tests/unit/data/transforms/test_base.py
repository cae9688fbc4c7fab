from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import Record, SampleTransform
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
