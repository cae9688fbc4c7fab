"""What the elements of a dataset's items are called in a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightning_synthaug.data.layout import is_channels_first
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
    (`"text"` for a string), the second `"label"`, and the others are `"field2"`, `"field3"`, ...
    A label as high and wide as the image is no label but a `"mask"`.

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
        return _with_mask(_by_key([str(key) for key in item]), map(_shape, elements))
    if is_namedtuple(item):
        return _with_mask(_by_key(list(item._fields)), map(_shape, elements))
    names = [f"field{place}" for place in range(len(elements))]
    if elements:
        names[0] = "text" if isinstance(elements[0], str) else "image"
    if len(elements) > 1:
        names[1] = "mask" if is_image(elements[1]) else "label"
    return _with_mask(names, map(_shape, elements))


def tensor_names(tensors: Sequence[Any]) -> tuple[str, ...]:
    """Name the tensors of a `TensorDataset`.

    The first is `"image"`; the last tensor of whole numbers with one number a sample is `"label"`
    (with two tensors the second is, whatever it holds; but `"mask"` where it is as high and wide as
    the image); the others are `"field1"`, `"field2"`, ... by position.

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
    return _with_mask(names, (tuple(tensor.shape[1:]) for tensor in tensors))


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


def _shape(element: Any) -> tuple[int, ...]:
    """Shape of an array, tensor or image; empty for anything else."""
    if is_image(element):
        return (element.height, element.width)
    return tuple(getattr(element, "shape", ()))


def _with_mask(names: Sequence[str], shapes: Iterable[tuple[int, ...]]) -> tuple[str, ...]:
    """Call a label `"mask"` where it covers the image: what moves the image has to move it too."""
    shape_of = dict(zip(names, shapes, strict=True))
    image, label = shape_of.get("image", ()), shape_of.get("label", ())
    size = image[1:] if is_channels_first(image) else image[:2]
    if len(size) < 2 or label[-2:] != size or "mask" in names:
        return tuple(names)
    return tuple("mask" if name == "label" else name for name in names)


def _by_key(keys: list[str]) -> list[str]:
    """Rename the key of the image and that of the label."""
    renamed = list(keys)
    for wanted, aliases in (("image", IMAGE_KEYS), ("label", LABEL_KEYS)):
        found = next((alias for alias in aliases if alias in keys), None)
        if found is not None:
            renamed[keys.index(found)] = wanted
    return renamed
