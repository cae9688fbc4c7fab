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
from typing import Any, NamedTuple, final

from lightning_synthaug.data.kinds import is_concat, is_subset

__all__ = ["Call", "Spy", "apart", "calls_on", "replay", "shallow", "without_transforms"]

_TRANSFORM_NAMES = ("transforms", "transform", "target_transform")
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


def shallow(dataset: Any) -> Any:
    """Copy a dataset shallowly, so that what it opens stays with the copy.

    Args:
        dataset: Any dataset.

    Returns:
        The copy; the dataset itself where it cannot be copied.
    """
    try:
        return copy.copy(dataset)
    except Exception:  # whatever its code raises
        return _by_hand(dataset)


def apart(dataset: Any) -> Any:
    """Copy a dataset shallowly, with those that it is a view of: what any of them opens stays with the copies.

    Args:
        dataset: Any dataset.

    Returns:
        The copy.
    """
    copied = shallow(dataset)
    if copied is not dataset and is_subset(dataset):
        copied.dataset = apart(dataset.dataset)
    elif copied is not dataset and is_concat(dataset):
        copied.datasets = [apart(part) for part in dataset.datasets]
    return copied


def _by_hand(dataset: Any) -> Any:
    """Copy the attributes alone."""
    try:
        # A wrapper whose `__getattr__` asks the wrapped one recurses without end in an object that
        # has no attributes yet, which copy() makes.
        bare = object.__new__(type(dataset))
        bare.__dict__.update(dataset.__dict__)
    except (AttributeError, TypeError):
        return dataset
    return bare


def without_transforms(dataset: Any) -> tuple[Any, list[Spy]]:
    """Copy a dataset shallowly, with stand-ins for its transforms.

    Args:
        dataset: Any dataset; it is not changed, read or opened.

    Returns:
        The dataset that returns raw items (the same object if it has no transform) and the
        stand-ins in it.
    """
    names = [name for name in _TRANSFORM_NAMES if callable(getattr(dataset, name, None))]
    if not names:
        return dataset, []
    bare, spies = shallow(dataset), [Spy(name) for name in names]
    if bare is dataset:
        return dataset, []
    try:
        for spy in spies:
            setattr(bare, spy.name, spy)
    except AttributeError:  # a read-only property: what it does cannot be taken out
        return dataset, []
    return bare, spies


def calls_on(
    read: Callable[[int], Sequence[Any]],
    spies: Sequence[Spy],
    indices: Sequence[int],
    names: Sequence[str],
) -> list[Call] | None:
    """Match the calls made while items are read with the elements of the items.

    An argument is the element that is this very object. Equal numbers and texts are often one
    object wherever they occur, so that for these the place must be the same in all items.

    Args:
        read: Reads the item at an index through the stand-ins: its parts, in order.
        spies: Stand-ins of the dataset that is read.
        indices: Items to read; those after the first only where they can tell something.
        names: Field names of the parts; where several parts still agree it is the label's.

    Returns:
        The calls in order; None when a transform was given something that is not part of the item,
        so that the dataset does more to its result than return it, or nobody can tell which part.
    """
    traced = _trace(read, spies, indices[0]) if spies else []
    if any(any(call.vague) for call in traced):
        for index in indices[1:]:
            _narrow(traced, read, spies, index)
    calls: list[Call] = []
    used: set[tuple[str, int]] = set()
    for call in traced:
        name, count, keys = call.form
        places = []
        for options, vague in zip(call.options, call.vague, strict=True):
            left = [p for p in sorted(options) if (name, p) not in used] or sorted(options)
            if vague and len(left) > 1:
                left = [p for p in left if names[p] == "label"]
            if not left:
                return None
            used.add((name, left[0]))
            places.append(left[0])
        pairs = zip(keys, places[count:], strict=True)
        calls.append(Call(name, tuple(places[:count]), tuple(pairs)))
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


def _narrow(
    traced: Sequence[_Traced],
    read: Callable[[int], Sequence[Any]],
    spies: Sequence[Spy],
    index: int,
) -> None:
    """Strike out the places that another item speaks against."""
    try:
        others = _trace(read, spies, index)
    except Exception:  # a damaged sample tells nothing, and is none of ours
        return
    if [other.form for other in others] != [call.form for call in traced]:
        return
    for call, other in zip(traced, others, strict=True):
        for place, vague in enumerate(call.vague):
            if vague:
                call.options[place] &= other.options[place]


class _Traced(NamedTuple):
    """One call that was seen: its form, and for each argument where in the item it may stand."""

    form: tuple[str, int, tuple[str, ...]]
    options: list[set[int]]
    vague: list[bool]


def _trace(read: Callable[[int], Sequence[Any]], spies: Sequence[Spy], index: int) -> list[_Traced]:
    """Read an item and list the calls that were made."""
    log: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    for spy in spies:
        spy.log = log
    try:
        elements = read(index)
    finally:
        for spy in spies:
            spy.log = None
    traced = []
    for name, args, named in log:
        values = (*args, *named.values())
        options = [{p for p, element in enumerate(elements) if element is v} for v in values]
        vague = [v is None or isinstance(v, bool | int | float | str | bytes) for v in values]
        traced.append(_Traced((name, len(args), tuple(named)), options, vague))
    return traced
