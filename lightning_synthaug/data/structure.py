"""Describe what an item is made of, so that two items can be compared and both be printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from lightning_synthaug.data.leaves import is_image, is_namedtuple, is_tensor, type_name

__all__ = [
    "Branch",
    "Free",
    "Leaf",
    "Structure",
    "describe",
    "differences",
    "generalise",
    "render",
    "unsized",
]


@final
@dataclass(frozen=True)
class Leaf:
    """One value of an item: what it is and how large.

    Attributes:
        kind: `"tensor"`, `"array"`, `"image"` (PIL) or the name of the type.
        dtype: Dtype without the library's name, or the mode of an image; empty for Python values.
        shape: Dimensions, `(height, width)` for images, empty for numbers and text; None stands for
            a dimension that varies.
    """

    kind: str
    dtype: str = ""
    shape: tuple[int | None, ...] = ()


@final
@dataclass(frozen=True)
class Branch:
    """A container of an item.

    Attributes:
        kind: `"tuple"`, `"list"`, `"dict"` or the name of a named tuple.
        keys: Keys or positions, in the container's order.
        children: What lies under each key.
    """

    kind: str
    keys: tuple[Any, ...]
    children: tuple[Structure, ...]


@final
@dataclass(frozen=True)
class Free:
    """A place where real items differ in more than a dimension: nothing is demanded there."""


Structure: TypeAlias = Leaf | Branch | Free


def describe(item: Any) -> Structure:
    """Describe the nested containers, types, dtypes and shapes of an item.

    Args:
        item: Anything that a dataset returns.

    Returns:
        A hashable description; equal for items that collate together.

    Example:
        >>> render(describe((np.zeros((8, 8), np.uint8), 3)))
        '(array uint8 [8, 8], int)'
    """
    if is_tensor(item):
        return Leaf("tensor", str(item.dtype).removeprefix("torch."), tuple(item.shape))
    if isinstance(item, np.ndarray):
        return Leaf("array", str(item.dtype), item.shape)
    if is_image(item):
        return Leaf("image", item.mode, (item.height, item.width))
    if isinstance(item, Mapping):
        return Branch("dict", tuple(item), tuple(describe(item[key]) for key in item))
    if is_namedtuple(item):
        return Branch(type(item).__name__, item._fields, tuple(map(describe, item)))
    if isinstance(item, tuple | list):
        kind = "tuple" if isinstance(item, tuple) else "list"
        return Branch(kind, tuple(range(len(item))), tuple(map(describe, item)))
    return Leaf(type_name(item))


def render(structure: Structure) -> str:
    """Write a structure on one line.

    Args:
        structure: What `describe` or `generalise` returned.

    Returns:
        Text close to how the item would be written; `*` for dimensions that vary, `...` where
        anything goes.

    Example:
        >>> render(Branch("dict", ("x",), (Leaf("tensor", "float32", (3, None, None)),)))
        "{'x': tensor float32 [3, *, *]}"
    """
    if isinstance(structure, Free):
        return "..."
    if isinstance(structure, Leaf):
        sized = structure.shape or structure.kind in ("tensor", "array", "image")
        dims = (
            f"[{', '.join('*' if n is None else str(n) for n in structure.shape)}]" if sized else ""
        )
        return " ".join(part for part in (structure.kind, structure.dtype, dims) if part)
    inside = [render(child) for child in structure.children]
    if structure.kind == "dict":
        return (
            "{"
            + ", ".join(f"{k!r}: {v}" for k, v in zip(structure.keys, inside, strict=True))
            + "}"
        )
    if structure.kind == "list":
        return f"[{', '.join(inside)}]"
    if structure.kind == "tuple":
        return f"({', '.join(inside)}{',' if len(inside) == 1 else ''})"
    named = (f"{key}={text}" for key, text in zip(structure.keys, inside, strict=True))
    return f"{structure.kind}({', '.join(named)})"


def generalise(structures: Sequence[Structure]) -> Structure:
    """Find what several structures have in common.

    Args:
        structures: At least one.

    Returns:
        The structure with each dimension that varies left open, and everything that differs in
        kind, dtype, rank or keys replaced by `Free`.

    Example:
        >>> render(generalise([Leaf("tensor", "uint8", (3, 8)), Leaf("tensor", "uint8", (3, 9))]))
        'tensor uint8 [3, *]'
    """
    first = structures[0]
    if all(other == first for other in structures[1:]):
        return first
    leaves = [s for s in structures if isinstance(s, Leaf)]
    if isinstance(first, Leaf) and len(leaves) == len(structures):
        if len({(leaf.kind, leaf.dtype, len(leaf.shape)) for leaf in leaves}) > 1:
            return Free()
        dims = zip(*(leaf.shape for leaf in leaves), strict=True)
        return Leaf(
            first.kind, first.dtype, tuple(d[0] if len(set(d)) == 1 else None for d in dims)
        )
    branches = [s for s in structures if isinstance(s, Branch)]
    if not isinstance(first, Branch) or len(branches) < len(structures):
        return Free()
    if len({(branch.kind, frozenset(branch.keys)) for branch in branches}) > 1:
        return Free()
    columns = [[_child(branch, key) for branch in branches] for key in first.keys]
    return Branch(first.kind, first.keys, tuple(generalise(column) for column in columns))


def unsized(structure: Structure) -> Structure:
    """Leave every dimension open.

    Args:
        structure: What `describe` or `generalise` returned.

    Returns:
        The same containers, kinds, dtypes and ranks.

    Example:
        >>> render(unsized(describe((np.zeros((8, 8), np.uint8), 3))))
        '(array uint8 [*, *], int)'
    """
    if isinstance(structure, Leaf):
        return Leaf(structure.kind, structure.dtype, (None,) * len(structure.shape))
    if isinstance(structure, Branch):
        return Branch(structure.kind, structure.keys, tuple(map(unsized, structure.children)))
    return structure


def differences(expected: Structure, got: Structure, where: str = "") -> Iterator[tuple[str, str]]:
    """List where a structure departs from what is expected.

    The order of dictionary keys does not count: collating goes by key.

    Args:
        expected: Structure that may have open dimensions and free places.
        got: Structure of one item.
        where: Path to these two inside the items, for example `"[0]['image']"`.

    Yields:
        Path and description of each difference.
    """
    if expected == got or isinstance(expected, Free):
        return
    if isinstance(expected, Leaf) and isinstance(got, Leaf):
        reason = _leaf_difference(expected, got)
        if reason:
            yield where, reason
    elif isinstance(expected, Branch) and isinstance(got, Branch) and expected.kind == got.kind:
        if frozenset(expected.keys) != frozenset(got.keys):
            yield where, _key_difference(expected, got)
            return
        for key, child in zip(expected.keys, expected.children, strict=True):
            yield from differences(child, _child(got, key), f"{where}[{key!r}]")
    else:
        yield where, f"{_kind(expected)} against {_kind(got)}"


def _child(branch: Branch, key: Any) -> Structure:
    """Look up what lies under a key."""
    return branch.children[branch.keys.index(key)]


def _kind(structure: Structure) -> str:
    """Name what a structure is at its top."""
    return "anything" if isinstance(structure, Free) else structure.kind


def _key_difference(expected: Branch, got: Branch) -> str:
    """Describe containers with different contents."""
    if expected.kind != "dict":
        return f"{len(expected.keys)} elements against {len(got.keys)}"
    missing = [key for key in expected.keys if key not in got.keys]
    extra = [key for key in got.keys if key not in expected.keys]
    parts = [f"{name} {keys!r}" for name, keys in (("missing", missing), ("extra", extra)) if keys]
    return ", ".join(parts)


def _leaf_difference(expected: Leaf, got: Leaf) -> str:
    """Describe how two leaves differ, or return an empty text when they agree."""
    if expected.kind != got.kind:
        return f"{expected.kind} against {got.kind}"
    if expected.dtype != got.dtype:
        what = "mode" if expected.kind == "image" else "dtype"
        return f"{what} {expected.dtype} against {got.dtype}"
    if len(expected.shape) != len(got.shape):
        return f"rank {len(expected.shape)} against {len(got.shape)}"
    pairs = zip(expected.shape, got.shape, strict=True)
    if all(want is None or want == have for want, have in pairs):
        return ""
    return f"shape {render(Leaf('', '', expected.shape))} against {render(Leaf('', '', got.shape))}"
