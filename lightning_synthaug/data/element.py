"""One element of a dataset's items: read it into a record, make it from a record, stack a column of it."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.layout import from_record_layout, to_record_layout
from lightning_synthaug.data.leaves import (
    image_of,
    is_image,
    is_number,
    is_tensor,
    like,
    to_array,
    to_value,
    without_palette,
)
from lightning_synthaug.data.record import Value

__all__ = ["Element"]

_PICTURES = ("image", "mask")
_NUMBERS = {bool: np.dtype(np.bool_), int: np.dtype(np.int64), float: np.dtype(np.float64)}
_FAMILIES = {"b": 0, "i": 1, "u": 1, "f": 2}


@final
class Element:
    """Know one element of an item by example; nothing is converted that would change a value.

    Args:
        name: Field name in records. Only `"image"`, `"mask"` and `"audio"` have a layout.
        example: Tensor, array, PIL image, number, string or bytes.

    Raises:
        DataError: No record can hold such an element (SA202).

    Example:
        >>> element = Element("image", np.zeros((3, 8, 9), np.uint8))
        >>> element.read(np.zeros((3, 8, 9), np.uint8)).shape
        (8, 9, 3)
        >>> element.make(np.zeros((8, 9), np.uint8)) is None
        True
    """

    def __init__(self, name: str, example: Any) -> None:
        self.name = name
        self.example = example
        self._plain = is_number(example) or isinstance(example, str | bytes)
        if name == "image":
            example = without_palette(example)
        # A file's own mode is needed to make an item of pixels exactly; with a palette there is none.
        self._exact = example is self.example
        array = np.asarray(0) if self._plain else to_array(example)
        self._dtype = array.dtype
        self._shape = array.shape
        self._takes_numbers = array.size == 1 and not self._plain and not is_image(example)

    @property
    def stackable(self) -> bool:
        """Whether collating such elements gives one tensor of known dtype."""
        kind = type(self.example)
        return (
            is_tensor(self.example)
            or kind in _NUMBERS
            or (kind is np.ndarray and bool(self._shape))
        )

    def read(self, element: Any) -> Value:
        """Turn an element of an item into a field of a record.

        Args:
            element: Like the example.

        Returns:
            Pictures with their channels last, labels as numbers, everything else as it is.

        Raises:
            DataError: No record can hold it (SA202).
        """
        # In a mask the numbers themselves are what counts, and not the colours they stand for.
        value = to_value(without_palette(element) if self.name == "image" else element)
        if not isinstance(value, np.ndarray):
            return value
        if self.name in _PICTURES:
            return to_record_layout(value)
        if self.name == "label" and value.size == 1:
            number: int | float | bool = value.item()
            return number
        return value

    def make(self, value: Value, *, transformed: bool = False) -> Any:
        """Turn a field of a record into an element like the example.

        Args:
            value: Field of a record.
            transformed: Whether the user's transform comes next. Then images need not have the
                example's channels: files are often grey and coloured by turns, and the transform
                brings them into one form.

        Returns:
            A fresh element; None when a value would change on the way.
        """
        if self._plain:
            return _plain(value, self.example)
        if isinstance(value, np.ndarray):
            laid = self._laid(value, batched=False) if value.dtype == self._dtype else None
            picture = is_image(self.example)
            if laid is not None and (
                not picture or (self._exact and laid.shape[2:] == self._shape[2:])
            ):
                return like(laid, self.example)
            return image_of(value) if transformed and picture and self.name == "image" else None
        if isinstance(value, str | bytes) or not self._takes_numbers:
            return None
        exact = _cast(np.asarray(value), self._dtype)
        return None if exact is None else like(exact.reshape(self._shape), self.example)

    def misfit(self, value: Value | None) -> tuple[str, str]:
        """Say why `make` made nothing of a field.

        Args:
            value: Field of a record; None where it has none of that name.

        Returns:
            What is wrong, and what can be done besides `item=`.
        """
        if value is None:
            return "the record has no such field", ""
        if not isinstance(value, np.ndarray) or self._plain:
            kind = "an array" if isinstance(value, np.ndarray) else f"{value!r}"[:40]
            wanted = type(self.example).__name__ if self._plain else f"an array of {self._dtype}"
            return f"{kind} instead of {wanted}", ""
        picture = self.name == "image"
        if value.dtype != self._dtype:
            own = picture and str(self._dtype) in ("uint8", "float32")
            remedy = f'ask the generator for dtype="{self._dtype}"' if own else ""
            return f"dtype {value.dtype} instead of {self._dtype}", remedy
        remedy = 'ask the generator for mode="L" or "RGB"' if picture else ""
        return f"shape {list(value.shape)} does not become {list(self._shape)}", remedy

    @property
    def filler(self) -> str:
        """What an example shows in place of a field that a record lacks."""
        return "-1" if self._takes_numbers or type(self.example) in _NUMBERS else "..."

    def stack(self, values: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
        """Lay a column of records out as a stack of elements.

        Args:
            values: One row per record.

        Returns:
            Array equal to the elements collated; None when a value would change on the way.
        """
        number = _NUMBERS.get(type(self.example))
        if number is not None:  # what torch makes of Python numbers
            fits = values.ndim == 1 and _FAMILIES.get(values.dtype.kind) == _FAMILIES[number.kind]
            return _cast(values, number) if fits else None
        if values.ndim == 1 and self._takes_numbers:
            exact = _cast(values, self._dtype)
            return None if exact is None else exact.reshape(len(values), *self._shape)
        return self._laid(values, batched=True) if values.dtype == self._dtype else None

    def _laid(self, values: npt.NDArray[Any], *, batched: bool) -> npt.NDArray[Any] | None:
        """Lay arrays of records out with the rank, and for pictures the channels, of the example."""
        if self.name in _PICTURES:
            return from_record_layout(values, self._shape, batched=batched)
        if self.name == "audio":
            values = self._with_channels(values, axis=int(batched))
        return values if values.ndim - int(batched) == len(self._shape) else None

    def _with_channels(self, waves: npt.NDArray[Any], *, axis: int) -> npt.NDArray[Any]:
        """Give waves of one channel an axis for it where the example has one, or take it away."""
        one, rank = waves.ndim - axis, len(self._shape)
        if (one, rank) == (1, 2) and 1 in self._shape:
            return np.expand_dims(waves, axis + self._shape.index(1))
        if (one, rank) == (2, 1) and 1 in waves.shape[axis:]:
            return waves.squeeze(axis + waves.shape[axis:].index(1))
        return waves


def _plain(value: Value, example: Any) -> Any:
    """Make text or one number of the example's type, or None when that would change it."""
    if isinstance(example, str | bytes):
        return value if isinstance(value, type(example)) else None
    if isinstance(value, np.ndarray | str | bytes):
        return None
    if isinstance(example, np.generic):
        exact = _cast(np.asarray(value), example.dtype)
        return None if exact is None else exact[()]
    if isinstance(value, float) and not isinstance(example, float) and not value.is_integer():
        return None  # fractions, infinities and NaN are no whole numbers
    made = type(example)(value)
    return made if made == value or made != made else None


def _cast(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """Convert numbers to a dtype when none of them changes."""
    if values.dtype == dtype:
        return values
    if values.dtype.kind not in "biuf":
        return None
    with np.errstate(all="ignore"):
        made = values.astype(dtype)
        back = made.astype(values.dtype)
    return made if np.array_equal(back, values, equal_nan=values.dtype.kind == "f") else None
