"""What the elements of a dataset's items are called in a record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightning_synthaug.data.layout import is_channels_first
from lightning_synthaug.data.leaves import is_image, is_namedtuple

__all__ = [
    "AUDIO_KEYS",
    "IMAGE_KEYS",
    "LABEL_KEYS",
    "RATE_KEYS",
    "begins_with_sound",
    "field_names",
    "label_place",
    "tensor_names",
]

IMAGE_KEYS = ("image", "img", "images", "pixel_values", "x", "input", "inputs")
"""Keys under which dictionaries and named tuples keep the image, the most telling first."""

LABEL_KEYS = ("label", "labels", "target", "targets", "y", "class")
"""Keys under which they keep the label."""

AUDIO_KEYS = ("audio", "waveform", "wav", "samples", "input_values")
"""Keys under which they keep sound."""

RATE_KEYS = ("rate", "sample_rate", "sampling_rate")
"""Keys under which they keep its rate."""

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
_LONG = {
    1: 4000,
    2: 1000,
}  # samples by number of axes: what else has one axis, such as features, has fewer


def field_names(item: Any, elements: Sequence[Any]) -> tuple[str, ...]:
    """Name the elements of an item.

    Dictionaries and named tuples keep their keys, except that the first found of `IMAGE_KEYS`, of
    `AUDIO_KEYS`, of `RATE_KEYS` and of `LABEL_KEYS` become `"image"`, `"audio"`, `"rate"` and
    `"label"`. By position: the first is `"image"` (`"text"` for a string, `"audio"` for waves), the
    second `"label"`, and the others are `"field2"`, `"field3"`, ... Waves are floats or 16 bits,
    4000 or more in a row, or `(1, n)` or `(2, n)` with 1000 or more. A usual rate after such an
    array of any length makes the first three `"audio"`, `"rate"` and `"label"`. A label as high and
    wide as the image is no label but a `"mask"`.

    Args:
        item: One item.
        elements: Its elements in order.

    Returns:
        As many different names as there are elements.

    Example:
        >>> field_names((0, 1, 2), [0, 1, 2]), field_names({"img": 0, "y": 1, "id": 2}, [0, 1, 2])
        (('image', 'label', 'field2'), ('image', 'label', 'id'))
        >>> import numpy as np
        >>> field_names((0, 0, 0), [np.zeros((1, 900), np.float32), 16000, "yes"])
        ('audio', 'rate', 'label')
    """
    if isinstance(item, Mapping):
        return _with_mask(_by_key([str(key) for key in item]), map(_shape, elements))
    if is_namedtuple(item):
        return _with_mask(_by_key(list(item._fields)), map(_shape, elements))
    names = [f"field{place}" for place in range(len(elements))]
    if elements:
        names[0] = "text" if isinstance(elements[0], str) else _array_name(elements[0])
    if begins_with_sound(elements):
        names[:3] = ["audio", "rate", "label"]
    elif len(elements) > 1:
        names[1] = "mask" if is_image(elements[1]) else "label"
    return _with_mask(names, map(_shape, elements))


def tensor_names(tensors: Sequence[Any]) -> tuple[str, ...]:
    """Name the tensors of a `TensorDataset`.

    The first is `"image"`, or `"audio"` for waves; the last tensor of whole numbers with one number
    a sample is `"label"` (with two tensors the second is, whatever it holds; but `"mask"` where it
    is as high and wide as the image); the others are `"field1"`, `"field2"`, ... by position.

    Args:
        tensors: Tensors with the samples along the first dimension.

    Returns:
        As many names as tensors.
    """
    names = [f"field{place}" for place in range(len(tensors))]
    names[:1] = [_array_name(tensor[0]) if len(tensor) else "image" for tensor in tensors[:1]]
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


def begins_with_sound(elements: Sequence[Any]) -> bool:
    """Tell whether an item without names begins with waves and their rate, so that its label is the third.

    Args:
        elements: Its elements in order.

    Returns:
        True where one or two rows of numbers and a usual rate are followed by something.

    Example:
        >>> import numpy as np
        >>> begins_with_sound((np.zeros(900, np.float32), 8000, 3))
        True
    """
    return len(elements) > 2 and _is_rate(elements[1]) and _may_be_waves(elements[0])


def _array_name(element: Any) -> str:
    """Name the first element of an item that is no text."""
    shape = _shape(element)
    return "audio" if _may_be_waves(element) and shape[-1] >= _LONG[len(shape)] else "image"


def _may_be_waves(element: Any) -> bool:
    """Tell whether an array holds one row or two of floats or of 16 bits."""
    shape = _shape(element)
    kind = str(getattr(element, "dtype", ""))
    return (
        ("float" in kind or kind.endswith("int16"))
        and shape[:-1] in ((), (1,), (2,))
        and shape != ()
    )


def _is_rate(element: Any) -> bool:
    """Tell whether a number is a usual sampling rate."""
    return isinstance(element, int) and element in _RATES


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
    """Rename the keys of the image, the label, the sound and its rate."""
    renamed = list(keys)
    known = {"image": IMAGE_KEYS, "label": LABEL_KEYS, "audio": AUDIO_KEYS, "rate": RATE_KEYS}
    for wanted, aliases in known.items():
        found = next((alias for alias in aliases if alias in keys), None)
        if found is not None:
            renamed[keys.index(found)] = wanted
    return renamed
