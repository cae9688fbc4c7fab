from __future__ import annotations

import numpy as np
import torch

from lightning_synthaug.data import Record, adapt
from lightning_synthaug.mixing.assemble import collate_mixed
from lightning_synthaug.mixing.gathered import Stacked, cut_record, relabelled, stack
from lightning_synthaug.store.scattered import Scattered, Stretch


def test_a_record_is_cut_out_of_columns() -> None:
    record = cut_record({"image": np.arange(12).reshape(3, 4), "label": np.array([5, 6, 7])}, 1)
    assert record == Record({"image": np.arange(4, 8), "label": 6})


def test_large_columns_are_laid_out_where_they_lie() -> None:
    shape = (6, 90, 70, 3)
    files = [np.random.default_rng(i).integers(0, 250, shape, np.uint8) for i in range(2)]
    stretches = [
        Stretch(files[0], np.array([4, 1]), np.array([0, 2])),
        Stretch(files[1], np.array([5]), np.array([1])),
    ]
    adapter = adapt([{"y": 3, "x": torch.zeros(3, 90, 70, dtype=torch.uint8)}])
    columns = {"image": Scattered(stretches), "label": np.array([7, 8, 9])}
    arrays = stack(adapter, columns)
    assert isinstance(arrays, dict)
    assert list(arrays) == ["y", "x"]
    assert isinstance(arrays["x"], Scattered)
    stacked = Stacked(np.array([3, 0, 2]), np.array([1]), arrays, columns, adapter.item)
    real = {"y": 1, "x": torch.full((3, 90, 70), 5, dtype=torch.uint8)}
    batch = collate_mixed([real], stacked)
    assert isinstance(batch, dict)
    assert batch["y"].tolist() == [8, 1, 9, 7]
    rows = [files[1][5], None, files[0][1], files[0][4]]
    for ours, row in zip(batch["x"], rows, strict=True):
        assert (ours == 5).all() if row is None else np.array_equal(ours.permute(1, 2, 0), row)
    assert cut_record(columns, 1) == Record({"image": files[1][5], "label": 8})
    others = adapt([(torch.zeros(3, 90, 70), 3)])  # of another dtype
    assert stack(others, columns) is None


def test_planned_labels_take_the_place_of_classes_alone() -> None:
    planned, mine = np.array([7, 8, 9]), np.array([True, False, True])
    for told, expected in (
        (np.array([1, 2, 3], np.int16), [7, 2, 9]),
        (np.array([0.5, 0.1, 0.2]), [0.5, 0.1, 0.2]),
        (np.eye(3, dtype=np.int64), np.eye(3).tolist()),
    ):
        columns = relabelled({"label": told, "x": planned}, planned, mine)
        label = np.asarray(columns["label"])
        assert label.dtype == told.dtype
        assert label.tolist() == expected
        assert columns["x"] is planned
    assert relabelled({"x": planned}, planned, mine) == {"x": planned}
