"""Read a dataset without the user's transforms, and find out how the dataset calls them.

A dataset's own `__getitem__` is the only exact description of how it reads a sample. So nothing is
copied from any library: the dataset is copied shallowly (arrays and files stay shared), the
transforms of the copy are replaced by stand-ins that hand back what they are given, and one item is
read. The stand-ins then know which transform is called with which part of the item and in what way
(`transform(image)`, `transforms(image, target)`, `transform(image=image)["image"]`), and the copy
goes on to serve raw items.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

__all__ = ["TRANSFORM_NAMES", "Call", "Spy", "calls_on", "replay", "without_transforms"]

TRANSFORM_NAMES = ("transforms", "transform", "target_transform")
"""Attributes under which datasets keep the user's transforms."""


@final
class Spy:
    """Stand in for one transform: hand back the arguments, and note them while a log is set.

    Args:
        name: Attribute that it stands in for.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.log: list[tuple[str, tuple[Any, ...], dict[str, Any]]] | None = None

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return the single argument, the tuple of arguments, or the dict of named ones."""
        if self.log is not None:
            self.log.append((self.name, args, named))
        if named:
            return named
        return args[0] if len(args) == 1 else args


@final
@dataclass(frozen=True)
class Call:
    """One call that a dataset makes to a transform.

    Attributes:
        name: Attribute of the dataset that holds the transform.
        places: Which elements of the item are its positional arguments.
        named: Which elements of the item are its keyword arguments.
    """

    name: str
    places: tuple[int, ...]
    named: tuple[tuple[str, int], ...]


def without_transforms(dataset: Any) -> tuple[Any, list[Spy]]:
    """Copy a dataset shallowly, with stand-ins for its transforms.

    Args:
        dataset: Any dataset; it is not changed, read or opened.

    Returns:
        The dataset that returns raw items (the same object if it has no transform) and the
        stand-ins in it.
    """
    names = [name for name in TRANSFORM_NAMES if callable(getattr(dataset, name, None))]
    if not names:
        return dataset, []
    bare, spies = copy.copy(dataset), [Spy(name) for name in names]
    try:
        for spy in spies:
            setattr(bare, spy.name, spy)
    except AttributeError:  # a read-only property: what it does cannot be taken out
        return dataset, []
    return bare, spies


def calls_on(
    elements: Sequence[Any], spies: Sequence[Spy], read: Callable[[], Any]
) -> list[Call] | None:
    """Match the calls made while an item was read with the elements of the item.

    Args:
        elements: Filled by `read` before it returns: the parts of the item, in order.
        spies: Stand-ins of the dataset that is read.
        read: Reads one item from it.

    Returns:
        The calls in order; None when a transform was given something that is not part of the item,
        so that the dataset does more to its result than return it.
    """
    log: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    for spy in spies:
        spy.log = log
    try:
        read()
    finally:
        for spy in spies:
            spy.log = None
    calls: list[Call] = []
    used: set[tuple[str, int]] = set()
    for name, args, named in log:
        places = [_place(name, value, elements, used) for value in (*args, *named.values())]
        known = [place for place in places if place is not None]
        if len(known) < len(places):
            return None
        pairs = zip(named, known[len(args) :], strict=True)
        calls.append(Call(name, tuple(known[: len(args)]), tuple(pairs)))
    return calls


def replay(calls: Sequence[Call], dataset: Any, elements: list[Any]) -> None:
    """Call the dataset's own transforms on raw elements, as the dataset would.

    Args:
        calls: What `calls_on` found.
        dataset: The user's dataset, which holds the transforms.
        elements: Raw parts of an item; replaced in place by what the transforms return.
    """
    for call in calls:
        transform = getattr(dataset, call.name)
        positional = [elements[place] for place in call.places]
        result = transform(*positional, **{key: elements[place] for key, place in call.named})
        if call.named:
            for key, place in call.named:
                elements[place] = result[key]
        elif len(call.places) == 1:
            elements[call.places[0]] = result
        else:
            for place, part in zip(call.places, result, strict=True):
                elements[place] = part


def _place(
    name: str, value: Any, elements: Sequence[Any], used: set[tuple[str, int]]
) -> int | None:
    """Find which element of the item is this very object, each once per transform if possible."""
    places = [place for place, element in enumerate(elements) if element is value]
    fresh = [place for place in places if (name, place) not in used]
    # Small integers are one object wherever they occur, so that a first match is only the most
    # likely one.
    for place in (*fresh, *places):
        used.add((name, place))
        return place
    return None
