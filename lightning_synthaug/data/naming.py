"""What the elements of a dataset's items are called in a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightning_synthaug.data.leaves import is_image, is_namedtuple

__all__ = ["IMAGE_KEYS", "LABEL_KEYS", "field_names", "label_place", "tensor_names"]

IMAGE_KEYS = ("image", "img", "images", "pixel_values", "x", "input", "inputs")
"""Keys under which dictionaries and named tuples keep the image, the most telling first."""

LABEL_KEYS = ("label", "labels", "target", "targets", "y", "class")
"""Keys under which they keep the label."""


def field_names(item: Any, elements: Sequence[Any]) -> tuple[str, ...]:
    """Name the elements of an item.

    Dictionaries and named tuples keep their keys, except that the first of `IMAGE_KEYS` and the
    first of `LABEL_KEYS` found become `"image"` and `"label"`. By position: the first is `"image"`
    (`"text"` for a string), the second `"label"` (`"mask"` for a PIL image), and the others are
    `"field2"`, `"field3"`, ...

    Args:
        item: One item.
        elements: Its elements in order.

    Returns:
        As many different names as there are elements.

    Example:
        >>> field_names((0, 1, 2), [0, 1, 2]), field_names({"img": 0, "y": 1, "id": 2}, [0, 1, 2])
        (('image', 'label', 'field2'), ('image', 'label', 'id'))
    """
    if isinstance(item, Mapping):
        return _by_key([str(key) for key in item])
    if is_namedtuple(item):
        return _by_key(list(item._fields))
    names = [f"field{place}" for place in range(len(elements))]
    if elements:
        names[0] = "text" if isinstance(elements[0], str) else "image"
    if len(elements) > 1:
        names[1] = "mask" if is_image(elements[1]) else "label"
    return tuple(names)


def tensor_names(tensors: Sequence[Any]) -> tuple[str, ...]:
    """Name the tensors of a `TensorDataset`.

    The first is `"image"`; the last tensor of whole numbers with one number a sample is `"label"`
    (with two tensors the second is, whatever it holds); the others are `"field1"`, `"field2"`, ...
    by position.

    Args:
        tensors: Tensors with the samples along the first dimension.

    Returns:
        As many names as tensors.
    """
    names = [f"field{place}" for place in range(len(tensors))]
    names[:1] = ["image"]
    place = label_place(tensors)
    if len(tensors) == 2:
        place = 1
    if place:
        names[place] = "label"
    return tuple(names)


def label_place(tensors: Sequence[Any]) -> int | None:
    """Find the last tensor of whole numbers with one number a sample.

    Args:
        tensors: Tensors or arrays with the samples along the first dimension.

    Returns:
        Its position, never 0 (a lone tensor is data); None when there is none.
    """
    for place in range(len(tensors) - 1, 0, -1):
        tensor = tensors[place]
        whole = "int" in str(tensor.dtype) or "bool" in str(tensor.dtype)
        if whole and all(n == 1 for n in tensor.shape[1:]):
            return place
    return None


def _by_key(keys: list[str]) -> tuple[str, ...]:
    """Rename the key of the image and that of the label."""
    renamed = list(keys)
    for wanted, aliases in (("image", IMAGE_KEYS), ("label", LABEL_KEYS)):
        found = next((alias for alias in aliases if alias in keys), None)
        if found is not None:
            renamed[keys.index(found)] = wanted
    return tuple(renamed)
