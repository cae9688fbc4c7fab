"""One raw sample: named fields, immutable, compared by content.

A record is what generators make, the store keeps and transforms work on. It is the sample *before*
the user's own transform, and it knows nothing of torch, PIL or the user's item structure; adapters
translate.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import ItemsView, Iterator, Mapping
from typing import Any, TypeAlias, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import DataError

__all__ = ["Record", "Value"]

Value: TypeAlias = npt.NDArray[Any] | str | bytes | int | float | bool
"""What a field of a record may hold."""

# Booleans, signed, unsigned, floating and complex numbers: what a shard can hold as fixed-size
# rows.
_KINDS = "biufc"
# Booleans first: they are integers too.
_PLAIN: tuple[Any, ...] = (bool, int, float, str, bytes)
_PERSON = b"synthaug-record"


@final
class Record(Mapping[str, Value]):
    """Hold the named fields of one raw sample, unchangeable.

    Conventional names: `"image"` (uint8 or float32, `(H, W)` or `(H, W, C)`), `"mask"`, `"label"`
    (int), `"text"`, `"audio"`, `"rate"`. Two records are equal when names, types, dtypes, shapes
    and bytes agree, whatever the order of the fields; so a record can be a dictionary key and its
    digest can name it in a cache.

    An array that may still be written to is copied; one that is already read-only is kept as it is.
    Numpy scalars and arrays without dimensions become Python numbers.

    Args:
        fields: Field names and values. Numeric or boolean arrays, `str`, `bytes`, `int`, `float`,
            `bool`.

    Raises:
        DataError: A name is not a non-empty string, or a value is of another type (SA204).

    Example:
        >>> record = Record({"image": np.zeros((8, 8), np.uint8), "label": 3})
        >>> record
        Record(image: uint8[8, 8], label: 3)
        >>> record.replace(label=4)["label"]
        4
        >>> record == record.replace(label=4).replace(label=3)
        True
    """

    __slots__ = ("_digest", "_fields")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields: dict[str, Value] = {_name(key): _freeze(key, fields[key]) for key in fields}
        self._digest: bytes | None = None

    def __getitem__(self, name: str) -> Value:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def items(self) -> ItemsView[str, Value]:
        """Go through names and values; the mixin's look each name up again."""
        return self._fields.items()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return self is other or self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}: {_brief(value)}" for name, value in self._fields.items())
        return f"Record({inside})"

    def __reduce__(self) -> tuple[type[Record], tuple[dict[str, Value]]]:
        """Freeze again on arrival: unpickled arrays are writable."""
        return Record, (self._fields,)

    def digest(self) -> bytes:
        """Digest the content, the same on every machine and in every process.

        Returns:
            16 bytes of BLAKE2b over names, types, dtypes, shapes and bytes, the fields sorted by
            name.

        Example:
            >>> Record({"a": 1, "b": 2}).digest() == Record({"b": 2, "a": 1}).digest()
            True
            >>> Record({"a": 1}).digest() == Record({"a": True}).digest()
            False
        """
        if self._digest is None:
            state = hashlib.blake2b(digest_size=16, person=_PERSON)
            for name in sorted(self._fields):
                for part in (name.encode(), *_canonical(self._fields[name])):
                    state.update(struct.pack("<Q", memoryview(part).nbytes))
                    state.update(part)
            self._digest = state.digest()
        return self._digest

    def replace(self, **fields: Any) -> Record:
        """Copy the record with some fields changed or added.

        Args:
            **fields: New values by field name.

        Returns:
            A new record; arrays that stay are shared, not copied.

        Raises:
            DataError: A value is of a type that no record holds (SA204).
        """
        return Record({**self._fields, **fields})


def _name(key: object) -> str:
    """Check one field name."""
    if isinstance(key, str) and key:
        return key
    msg = f"Field names of a record must be non-empty strings, got {key!r}. Name the field."
    raise DataError("SA204", msg)


def _freeze(name: str, value: Any) -> Value:
    """Bring one value into the form a record keeps."""
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in _KINDS:
        return _freeze_array(value)
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf" and not value.ndim:
        scalar: int | float | bool = value.item()
        return scalar
    # Subclasses (an enum, a tensor-like number) come back plain, so that digest and pickle do not
    # depend on them.
    for kind in _PLAIN:
        if isinstance(value, kind):
            plain: Value = value if type(value) is kind else kind(value)
            return plain
    got = f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else f"{value!r}"
    msg = (
        "A field of a record must be a numeric array, str, bytes, int, float or bool, got "
        f"{got[:200]} for {name!r}. Convert it with np.asarray, or leave the field out."
    )
    raise DataError("SA204", msg)


def _freeze_array(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Make an array plain, native, contiguous and read-only, copying only when needed."""
    native = array.dtype.newbyteorder("=")
    if array.flags.writeable or array.dtype != native or not array.flags.c_contiguous:
        array = np.array(array, dtype=native, order="C", copy=True, subok=False)
        array.flags.writeable = False
    return array


def _canonical(value: Value) -> tuple[bytes | memoryview, ...]:
    """List the byte strings that identify a value; little-endian everywhere."""
    if isinstance(value, np.ndarray):
        little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        raw = little.reshape(-1).view(np.uint8).data if little.size else b""
        return b"array", little.dtype.str.encode(), repr(value.shape).encode(), raw
    if isinstance(value, float):
        return b"float", struct.pack("<d", value)
    if isinstance(value, bytes):
        return b"bytes", value
    return type(value).__name__.encode(), str(value).encode("utf-8", "surrogatepass")


def _brief(value: Value) -> str:
    """Show a value in a few characters."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}[{', '.join(map(str, value.shape))}]"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
