from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate
from torch.utils.data._utils.collate import default_collate_fn_map

from lightning_synthaug.data import Record, adapt
from lightning_synthaug.mixing.assemble import collate_items, collate_mixed, is_default_collate
from lightning_synthaug.mixing.gathered import Stacked, stack

FIRST = Record({"label": 0})


def items(count: int, kind: str) -> list[Any]:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(count, 2, 3)).astype(np.float32)
    if kind == "tensors":
        return [(torch.from_numpy(x), torch.tensor(i)) for i, x in enumerate(images)]
    if kind == "arrays":
        return [(x, np.int64(i)) for i, x in enumerate(images)]
    return [(torch.from_numpy(x), i) for i, x in enumerate(images)]


@pytest.mark.parametrize("kind", ["tensors", "arrays", "numbers"])
@pytest.mark.parametrize("rows", [[0], [5, 1], [0, 1, 2, 3, 4, 5]])
def test_the_result_is_that_of_the_default_collate(kind: str, rows: list[int]) -> None:
    everything = items(6, kind)
    whole = default_collate(everything)
    arrays = tuple(np.stack([np.asarray(everything[r][j]) for r in rows]) for j in range(2))
    others = np.setdiff1d(np.arange(6), rows)
    stacked = Stacked(np.array(rows), others, arrays, FIRST, adapt(everything).item)
    batch = collate_mixed([everything[i] for i in others.tolist()], stacked)
    assert type(batch) is type(whole)
    for ours, torchs in zip(batch, whole, strict=True):
        assert ours.dtype == torchs.dtype
        assert torch.equal(ours, torchs)


@pytest.mark.parametrize("rows", [[0], [5, 1], [0, 1, 2, 3, 4, 5]])
def test_dicts_are_those_of_the_default_collate(rows: list[int]) -> None:
    everything = [{"x": image, "y": label} for image, label in items(6, "numbers")]
    whole = default_collate(everything)
    arrays = {key: np.stack([np.asarray(everything[r][key]) for r in rows]) for key in ("x", "y")}
    others = np.setdiff1d(np.arange(6), rows)
    stacked = Stacked(np.array(rows), others, arrays, FIRST, adapt(everything).item)
    batch = collate_mixed([everything[i] for i in stacked.others.tolist()], stacked)
    assert isinstance(batch, dict)
    assert list(batch) == list(whole)
    for key, ours in batch.items():
        assert ours.dtype == whole[key].dtype
        assert torch.equal(ours, whole[key])


def test_only_torchs_own_function_counts_as_default() -> None:
    assert is_default_collate(default_collate)
    assert not is_default_collate(lambda items: default_collate(items))


def test_nor_does_it_where_somebody_changed_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(default_collate_fn_map, Record, lambda batch, *, collate_fn_map=None: 1)
    assert not is_default_collate(default_collate)


def test_gathered_rows_are_built_one_by_one_among_items_of_another_kind() -> None:
    like = (torch.zeros(2), 1)
    columns = {"image": np.ones((2, 2), np.float32), "label": np.array([5, 6])}
    arrays = stack(adapt([like]), columns)
    assert isinstance(arrays, tuple)
    stacked = Stacked(np.array([2, 0]), np.array([1]), arrays, columns, adapt([like]).item)
    for real in ((torch.zeros(2), 1.5), (torch.zeros(2).double(), 1)):
        batch = collate_mixed([real], stacked)
        built = [(torch.ones(2), 6), real, (torch.ones(2), 5)]
        for ours, torchs in zip(batch, default_collate(built), strict=True):
            assert ours.dtype == torchs.dtype
            assert torch.equal(ours, torchs)
    with pytest.raises(RuntimeError, match="equal size"):
        collate_mixed([(torch.zeros(3), 1)], stacked)


@pytest.mark.parametrize("kinds", [(np.float32, np.float64), (np.int64, np.float32)])
def test_arrays_of_several_dtypes_are_left_to_torch(kinds: tuple[Any, Any]) -> None:
    items = [(np.array([1e-300, 1.0]).astype(kind), 0) for kind in kinds]
    try:
        expected = default_collate(items)
    except RuntimeError as error:
        with pytest.raises(RuntimeError, match=str(error)[:20]):
            collate_items(items)
    else:
        ours = collate_items(items)
        assert ours[0].dtype == expected[0].dtype
        assert torch.equal(ours[0], expected[0])


@pytest.mark.parametrize(
    "items",
    [
        [{"x": np.zeros(3), "y": 1}, {"x": np.ones(3), "y": 2, "more": 3}],
        [{"x": (torch.ones(2), {"z": 1.5})}, {"x": (torch.zeros(2), {"z": 2.5})}],
        [{"x": np.zeros(3)}, {"y": np.zeros(3)}],
        [{"x": np.zeros(3)}, {"x": np.zeros(4)}],
        [{"x": 1}, [2]],
        [{}, {}],
    ],
)
def test_dicts_are_collated_as_torch_does(items: list[Any]) -> None:
    try:
        expected = default_collate(items)
    except (KeyError, RuntimeError, TypeError) as error:
        with pytest.raises(type(error)):
            collate_items(items)
        return
    ours = collate_items(items)
    assert repr(ours) == repr(expected)
