from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record, adapt
from lightning_synthaug.errors import DataError

DATASET = [({"pixels": torch.full((3, 4, 4), float(n))}, n) for n in range(3)]


def to_item(record: Record) -> Any:
    return {"pixels": torch.from_numpy(np.array(record["image"]))}, record["label"]


def to_record(dataset: Any, index: int) -> dict[str, Any]:
    return {"image": dataset[index][0]["pixels"], "label": dataset[index][1]}


def test_the_users_functions_have_the_last_word() -> None:
    adapter = adapt(DATASET, item=to_item, record=to_record)
    assert adapter.has_records
    assert adapter.stack({}) is None
    item = adapter.item(adapter.record(2))
    assert torch.equal(item[0]["pixels"], DATASET[2][0]["pixels"])
    assert item[1] == 2
    assert adapter.item({"image": np.zeros(3), "label": 1})[1] == 1


def test_what_is_left_open_is_found_out() -> None:
    flat = [(np.full((4, 4), n, np.uint8), n) for n in range(3)]
    assert adapt(flat, item=lambda record: record["label"]).record(2)["label"] == 2
    made = adapt(
        flat, record=lambda dataset, index: Record({"image": dataset[index][0], "label": 9})
    )
    assert made.record(1)["label"] == 9
    assert made.item(made.record(1))[1] == 9
    assert adapt([({}, 1)], item=to_item).has_records


def test_a_record_function_must_return_fields() -> None:
    adapter = adapt(DATASET, record=lambda dataset, index: dataset[index])
    with pytest.raises(
        DataError,
        match=r"`record=` must return a Record or a mapping of fields, got tuple for index 1",
    ):
        adapter.record(1)
