from __future__ import annotations

from typing import Any

from lightning_synthaug.data.bare import Call, calls_on, replay, without_transforms


class Twice:
    """Calls one transform twice on the same object, and another on a target equal to an element."""

    def __init__(self) -> None:
        self.transform = lambda value: [*value, 1]
        self.target_transform = lambda value: value * 10

    def __getitem__(self, index: int) -> Any:
        value: list[int] = [index]
        first = self.transform(value)
        return first, self.transform(value), self.target_transform(2), 2


def test_each_call_gets_an_element_of_its_own() -> None:
    dataset = Twice()
    bare, spies = without_transforms(dataset)
    elements: list[Any] = []
    calls = calls_on(elements, spies, lambda: elements.extend(bare[5]))
    assert calls == [
        Call("transform", (0,), ()),
        Call("transform", (1,), ()),
        Call("target_transform", (2,), ()),
    ]
    raw = list(bare[5])
    assert raw == [[5], [5], 2, 2]
    replay(calls, dataset, raw)
    assert raw == list(dataset[5])
    assert all(spy.log is None for spy in spies)


def test_a_dataset_without_transforms_is_read_as_it_is() -> None:
    dataset = [1, 2]
    assert without_transforms(dataset) == (dataset, [])
