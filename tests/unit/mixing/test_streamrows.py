from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from lightning_synthaug.data import Record
from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.displaced import DisplacedRows
from lightning_synthaug.mixing.streamrows import StreamRows
from lightning_synthaug.plan import PlannedSlots

NOWHERE = np.full((4, 2), -1)


def planned(source: list[int], index: list[int]) -> PlannedSlots:
    arrays = [np.array(source), np.array(index), *(np.zeros(4, np.int64) for _ in range(3))]
    return PlannedSlots(0, *arrays)


def rows(existing: Any, collate: Any = default_collate) -> StreamRows:
    recipe = Recipe(source={"a": existing}, ratio=0.5)
    return StreamRows(Mixture(recipe, DisplacedRows(np.empty(0, np.int64), 4)), collate)


def test_items_are_collated_by_the_user_and_set() -> None:
    def collate(items: list[Any]) -> dict[str, torch.Tensor]:
        return {"x": torch.tensor([-item for item in items])}

    batch = {"x": torch.zeros(4, dtype=torch.long)}
    slots = planned([0, 1, 0, 1], [0, 2, 0, 0])
    new, served, damaged = rows([5, 6, 7], collate).set_into(batch, 4, slots, np.arange(4), NOWHERE)
    assert new["x"].tolist() == [0, -7, 0, -5]
    assert served.tolist() == [0, 1, 0, 1]
    assert damaged.size == 0


def test_a_row_of_another_size_stays_real() -> None:
    items = [torch.ones(3), torch.ones(2)]
    batch = torch.zeros(4, 2)
    slots = planned([1, 1, 1, 0], [0, 1, 0, 0])
    new, served, _ = rows(items).set_into(batch, 4, slots, np.arange(4), NOWHERE)
    assert served.tolist() == [0, 1, 0, 0]
    assert new.tolist() == [[0, 0], [1, 1], [0, 0], [0, 0]]
    slots = planned([1, 0, 0, 0], [0, 0, 0, 0])
    new, served, _ = rows(items).set_into(batch, 4, slots, np.arange(4), NOWHERE)
    assert new is batch
    assert not served.any()


def test_a_list_of_items_stays_one(tmp_path: Path) -> None:
    batch = [(torch.zeros(1), 0), (torch.zeros(2), 0), (torch.zeros(3), 0), (torch.zeros(4), 0)]
    slots = planned([0, 0, 1, 0], [0, 0, 1, 0])
    new, *_ = rows([("a", 1), ("b", 2)]).set_into(batch, 4, slots, np.arange(4), NOWHERE)
    assert new[2] == ("b", 2)
    assert new[3] is batch[3]


def test_the_first_sample_that_is_made_is_held_against_a_batch() -> None:
    batch = [torch.zeros(4, 1, 6, 6, dtype=torch.uint8), torch.zeros(4, dtype=torch.long)]
    displaced = DisplacedRows(np.empty(0, np.int64), 4)
    displaced.show([(batch[0][0], batch[1][0])])
    mine = StreamRows(
        Mixture(Recipe(source=[torch.zeros(1)], ratio=0.5), displaced), default_collate
    )
    for shape in ((6, 6), (6, 9)):  # those of the next batch may be of another size
        mine.check(batch, 4, 1, Record({"image": np.zeros(shape, np.uint8), "label": 0}), None)
    with pytest.raises(DataError, match="SA203"):
        mine.check(batch, 4, 1, Record({"image": np.zeros((6, 6, 3), np.uint8), "label": 0}), None)
    recipe = Recipe(source=[torch.zeros(1)], ratio=0.5, item=lambda r: (torch.ones(1, 6, 6), 0))
    with pytest.raises(DataError, match="SA641"):
        StreamRows(Mixture(recipe, displaced), default_collate).check(
            batch, 4, 1, Record({"image": np.zeros((6, 6), np.uint8)}), None
        )
    assert not batch[0].any()
