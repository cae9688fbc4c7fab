"""Laws of records, structures and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from lightning_synthaug.data import (
    LabelMap,
    LabelTable,
    Record,
    adapt,
    check_compatible,
    find_labels,
)
from lightning_synthaug.data.structure import describe, differences, generalise

DTYPES = st.sampled_from(["u1", "<i2", ">i4", "i8", "f2", "f4", ">f8", "?", "c8"])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4))
SCALARS = st.one_of(
    st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5)
)
FIELDS = st.dictionaries(st.text(min_size=1, max_size=4), st.one_of(ARRAYS, SCALARS), max_size=4)
TENSORS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=4)).map(torch.from_numpy)
LEAVES = st.one_of(SCALARS, ARRAYS, TENSORS, st.none())
ITEMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=8,
)


def content(value: Any) -> Any:
    """Write a value down independently of the package: type, dtype, shape, bytes."""
    if isinstance(value, np.ndarray):
        native = value.astype(value.dtype.newbyteorder("="))
        return "array", native.dtype.str, value.shape, native.tobytes()
    if isinstance(value, float):
        return "float", np.float64(value).tobytes()
    return type(value), value


@given(FIELDS, FIELDS)
def test_digests_agree_exactly_when_contents_do(
    left: dict[str, Any], right: dict[str, Any]
) -> None:
    equal = {k: content(v) for k, v in left.items()} == {k: content(v) for k, v in right.items()}
    assert (Record(left).digest() == Record(right).digest()) == equal
    assert (Record(left) == Record(right)) == equal


@given(FIELDS, st.randoms(use_true_random=False))
def test_digests_do_not_depend_on_order_or_strides(fields: dict[str, Any], rng: Any) -> None:
    names = list(fields)
    rng.shuffle(names)
    strided = {
        n: np.asfortranarray(fields[n]) if isinstance(fields[n], np.ndarray) else fields[n]
        for n in names
    }
    assert Record(strided).digest() == Record(fields).digest()


@given(ARRAYS, st.data())
def test_changing_one_element_changes_the_digest(array: Any, data: st.DataObject) -> None:
    if array.size:
        place = data.draw(st.integers(0, array.size - 1))
        other = array.copy()
        raw = other.reshape(-1)[place : place + 1].view(np.uint8)
        raw[:] = raw ^ 1
        assert Record({"a": array}).digest() != Record({"a": other}).digest()


@given(ITEMS)
def test_every_item_is_compatible_with_itself(item: Any) -> None:
    check_compatible([item], item)
    check_compatible([item, item], item)


@given(st.lists(ITEMS, min_size=1, max_size=4))
def test_every_real_item_is_compatible_with_all_of_them(items: list[Any]) -> None:
    for item in items:
        check_compatible(items, item)


@given(ITEMS, ITEMS)
def test_difference_is_symmetric_for_single_items(left: Any, right: Any) -> None:
    a, b = describe(left), describe(right)
    assert bool(list(differences(a, b))) == bool(list(differences(b, a)))
    assert generalise([a]) == a


def _tensors(codes: list[int]) -> Any:
    return TensorDataset(torch.zeros(len(codes), 2), torch.tensor(codes))


def _pairs(codes: list[int]) -> Any:
    return [(np.zeros(2), code) for code in codes]


class _Keeping(Dataset[Any]):
    """Labels kept apart, and a transform of them that labels are told before."""

    def __init__(self, codes: list[int]) -> None:
        self.targets = codes
        self.target_transform = int

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> Any:
        return np.zeros(2), self.target_transform(self.targets[index])


class _Counting(_Keeping):
    """Labels in the items only."""

    def __init__(self, codes: list[int]) -> None:
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> Any:
        return {"x": np.zeros(2), "y": self.codes[index]}


@given(st.data())
def test_labels_through_nested_views_are_those_of_the_items(data: st.DataObject) -> None:
    parts = []
    for _ in range(data.draw(st.integers(1, 3))):
        codes = data.draw(st.lists(st.integers(-5, 5), min_size=1, max_size=8))
        part = data.draw(st.sampled_from([_tensors, _pairs, _Keeping, _Counting]))(codes)
        chosen = data.draw(
            st.none() | st.lists(st.integers(0, len(codes) - 1), min_size=1, max_size=8)
        )
        parts.append(part if chosen is None else Subset(part, chosen))
    whole = ConcatDataset(parts)
    view = Subset(
        whole, data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=12))
    )
    items = [view[index] for index in range(len(view))]
    naive = [int(item["y"] if isinstance(item, dict) else item[1]) for item in items]
    table = find_labels(view)
    assert table.codes.tolist() == naive
    adapter = adapt(view)
    assert [adapter.record(index)["label"] for index in range(len(view))] == naive


@given(st.lists(st.integers(-(2**40), 2**40), max_size=50))
def test_members_partition_the_dataset_and_ranks_count_within(codes: list[int]) -> None:
    table = LabelTable(np.array(codes, np.int64))
    members = [table.members(value) for value in table.values.tolist()]
    assert sorted(np.concatenate([np.zeros(0, int), *members]).tolist()) == list(range(len(codes)))
    for value, indices in zip(table.values.tolist(), members, strict=True):
        assert all(codes[index] == value for index in indices)
        assert table.rank[indices].tolist() == list(range(len(indices)))
    assert table.counts.tolist() == [len(indices) for indices in members]


@given(
    st.dictionaries(st.integers(0, 30), st.integers(0, 30), max_size=8),
    st.lists(st.integers(0, 30)),
)
def test_label_maps_are_inverse_where_defined(mapping: dict[int, int], labels: list[int]) -> None:
    unique = {user: generator for generator, user in {g: u for u, g in mapping.items()}.items()}
    label_map = LabelMap(unique)
    made = label_map.to_generator(np.array(labels, np.int64))
    assert made.tolist() == [unique.get(label, -1) for label in labels]
    known = made >= 0
    assert label_map.to_user(made[known]).tolist() == [label for label in labels if label in unique]
