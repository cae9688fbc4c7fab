"""Recognise tensors, PIL images and numbers without importing the libraries that define them.

An object can only be a tensor when torch is loaded already, so looking it up among the loaded
modules is enough; this is what keeps the package free of torch and PIL at import.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Value
from lightning_synthaug.errors import DataError

__all__ = [
    "image_of",
    "is_image",
    "is_namedtuple",
    "is_number",
    "is_tensor",
    "like",
    "to_array",
    "to_value",
    "type_name",
    "without_palette",
]

# Modes whose pixels a plain array holds completely; a palette ("P") would be lost.
_IMAGE_MODES = ("1", "L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "I;16", "F")
# PIL makes these from an array alone; the others need their mode named.
_SELF_EVIDENT = ("1", "L", "RGB", "I", "I;16", "F")


def is_tensor(value: object) -> bool:
    """Tell whether a value is a torch tensor.

    Args:
        value: Anything.

    Returns:
        True for a `torch.Tensor`; False wherever torch is not loaded.
    """
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_image(value: object) -> bool:
    """Tell whether a value is a PIL image.

    Args:
        value: Anything.

    Returns:
        True for a `PIL.Image.Image`; False wherever PIL is not loaded.
    """
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def is_namedtuple(value: object) -> bool:
    """Tell whether a value is a named tuple.

    Args:
        value: Anything.

    Returns:
        True for instances of `typing.NamedTuple` and `collections.namedtuple` classes.
    """
    return isinstance(value, tuple) and isinstance(getattr(value, "_fields", None), tuple)


def is_number(value: object) -> bool:
    """Tell whether a value is one Python or numpy number.

    Args:
        value: Anything.

    Returns:
        True for bool, int, float and numeric numpy scalars.
    """
    return isinstance(value, bool | int | float) or (
        isinstance(value, np.generic) and value.dtype.kind in "biuf"
    )


def type_name(value: object) -> str:
    """Name the type of a value as a user knows it.

    Args:
        value: Anything.

    Returns:
        The qualified name, without the module for built-in types.

    Example:
        >>> type_name(3), type_name(np.float32(1))
        ('int', 'numpy.float32')
    """
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def to_array(value: Any) -> npt.NDArray[Any]:
    """Read a tensor, a PIL image or an array as an array.

    Args:
        value: Tensor (any device), PIL image or numpy array.

    Returns:
        Array with the same shape and values; images are `(H, W)` or `(H, W, C)`. It may share
        memory with `value`.

    Raises:
        DataError: The value is something else, or holds more than its array (a palette image,
            bfloat16; SA202).
    """
    try:
        if is_tensor(value):
            return np.asarray(value.detach().cpu().resolve_conj().resolve_neg().numpy())
        if isinstance(value, np.ndarray):
            return value
        if is_image(value) and value.mode in _IMAGE_MODES:
            return np.asarray(value)
    except TypeError:
        got = f"a tensor of {value.dtype}"
    else:
        got = f"a PIL image of mode {value.mode}" if is_image(value) else f"a {type_name(value)}"
    msg = (
        f"A field of a raw sample must be readable as a plain array, got {got}. "
        "Pass `record=` and `item=`, which translate between your items and plain arrays."
    )
    raise DataError("SA202", msg)


def without_palette(value: Any) -> Any:
    """Give an image that refers to a palette its colours.

    Args:
        value: Anything.

    Returns:
        A PIL image of mode RGB, or RGBA where something is transparent; any other value as it is.
    """
    if not is_image(value) or value.mode not in ("P", "PA"):
        return value
    clear = value.mode == "PA" or "transparency" in value.info
    return value.convert("RGBA" if clear else "RGB")


def to_value(value: Any) -> Value:
    """Turn one leaf of a dataset item into what a record can hold.

    Args:
        value: Tensor, PIL image, array, number, string or bytes.

    Returns:
        An array, or a Python number for anything without dimensions.

    Raises:
        DataError: The value is something else (SA202).
    """
    if isinstance(value, str | bytes | bool | int | float):
        return value
    if is_number(value):
        number: int | float | bool = value.item()
        return number
    array = to_array(value)
    if array.ndim:
        return array
    scalar: int | float | bool = array.item()
    return scalar


def like(array: npt.NDArray[Any], example: Any) -> Any:
    """Make from an array the kind of thing that an example is.

    Args:
        array: Values in the shape that the result shall have; not shared with the result.
        example: A tensor, a PIL image or an array of the kind wanted.

    Returns:
        A fresh CPU tensor, PIL image of the example's mode, or writable array.
    """
    if is_tensor(example):
        return sys.modules["torch"].from_numpy(np.array(array))
    if not is_image(example):
        return np.array(array)
    image = sys.modules["PIL.Image"]
    if example.mode in _SELF_EVIDENT:
        return image.fromarray(array)
    size = (array.shape[1], array.shape[0])
    return image.frombytes(example.mode, size, np.ascontiguousarray(array).tobytes())


def image_of(array: npt.NDArray[Any]) -> Any:
    """Make a PIL image of the mode that the pixels themselves tell.

    Args:
        array: Pixels of shape `(H, W)` or `(H, W, C)`.

    Returns:
        A fresh image of mode L, LA, RGB or RGBA; None where these are no such pixels.
    """
    grey = array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array
    if (
        grey.dtype != np.uint8
        or grey.ndim not in (2, 3)
        or grey.shape[2:] not in ((), (2,), (3,), (4,))
    ):
        return None
    return sys.modules["PIL.Image"].fromarray(np.ascontiguousarray(grey))
