from __future__ import annotations

from typing import Any

from lightning_synthaug.data.bare import (
    Call,
    apart,
    calls_on,
    replay,
    shallow,
    without_transforms,
)


class Twice:
    """Calls one transform twice on the same object, and another on a target that sometimes equals another element."""

    def __init__(self) -> None:
        self.transform = lambda value: [*value, 1]
        self.target_transform = lambda value: value * 10

    def __getitem__(self, index: int) -> Any:
        value: list[int] = [index]
        first = self.transform(value)
        return first, self.transform(value), self.target_transform(index), 2


NAMES = ("image", "label", "field2", "field3")


def test_each_call_gets_an_element_of_its_own() -> None:
    dataset = Twice()
    bare, spies = without_transforms(dataset)
    calls = calls_on(bare.__getitem__, spies, [2, 5, 7], NAMES)
    assert calls == [
        Call("transform", (0,), ()),
        Call("transform", (1,), ()),
        Call("target_transform", (2,), ()),
    ]
    raw = list(bare[5])
    assert raw == [[5], [5], 5, 2]
    replay(calls, dataset, raw)
    assert raw == list(dataset[5])
    assert all(spy.log is None for spy in spies)


class Numbers:
    """Items of small whole numbers, one of which the target transform is called with."""

    def __init__(self, *rows: tuple[int, ...], given: int) -> None:
        self.rows = rows
        self.given = given
        self.target_transform = lambda value: value * 10

    def __getitem__(self, index: int) -> Any:
        row = list(self.rows[index])
        row[self.given] = self.target_transform(row[self.given])
        return tuple(row)


def found(dataset: Any, *indices: int, names: tuple[str, ...] = NAMES) -> list[Call] | None:
    bare, spies = without_transforms(dataset)
    return calls_on(bare.__getitem__, spies, indices, names)


def test_equal_numbers_are_told_apart_by_further_items() -> None:
    dataset = Numbers((0, 3, 3), (0, 3, 3), (0, 4, 3), given=1)
    assert found(dataset, 0, 1, 2, names=("image", "field1", "label")) == [
        Call("target_transform", (1,), ())
    ]


def test_numbers_that_agree_everywhere_are_taken_for_the_label() -> None:
    dataset = Numbers((0, 3, 3), (0, 3, 3), given=2)
    names = ("image", "field1", "label")
    assert found(dataset, 0, 1, names=names) == [Call("target_transform", (2,), ())]
    assert found(dataset, 0, 1, names=("image", "a", "b")) is None


def test_a_number_that_only_happens_to_equal_an_element_is_none_of_them() -> None:
    class Worked(Numbers):
        def __getitem__(self, index: int) -> Any:
            image, label, weight = self.rows[index]
            return image, [self.target_transform(label)], weight

    assert found(Worked((0, 3, 3), (0, 4, 3), given=1), 0, 1) is None


def test_damaged_items_are_passed_over() -> None:
    dataset = Numbers((0, 3, 3), (0, 4, 3), given=1)
    assert found(dataset, 0, 9, 1) == [Call("target_transform", (1,), ())]


def test_a_dataset_without_transforms_is_read_as_it_is() -> None:
    dataset = [1, 2]
    assert without_transforms(dataset) == (dataset, [])


class Forwarding:
    """Asks the wrapped dataset for whatever it does not have."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.transform = len

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def __getitem__(self, index: int) -> Any:
        return self.transform(self.inner[index])


class Uncopied:
    __slots__ = ()

    def __copy__(self) -> Any:
        raise ValueError


def test_wrappers_that_forward_are_copied_all_the_same() -> None:
    dataset = Forwarding(["ab", "c"])
    bare, spies = without_transforms(dataset)
    assert (bare[0], [spy.name for spy in spies], dataset[0]) == ("ab", ["transform"], 2)
    assert shallow(dataset) is not dataset
    odd = Uncopied()
    assert shallow(odd) is odd


class Opening:
    """Opens its file when the first item is read."""

    file: object = None

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        self.file = self.file or object()
        return index


def test_what_a_view_opens_stays_with_its_copy() -> None:
    from torch.utils.data import ConcatDataset, Subset

    below, beside = Opening(), Opening()
    view: Any = ConcatDataset([Subset(below, [2, 3]), beside])  # type: ignore[arg-type, list-item]
    copied = apart(view)
    assert [copied[i] for i in range(6)] == [2, 3, 0, 1, 2, 3]
    assert below.file is beside.file is None
    assert copied.datasets[0].dataset.file is not None
    assert apart(below)[1] == 1
