"""What the records of one shard look like: field names, kinds, dtypes and shapes.

Two layouts exist. *Fixed* rows (numbers and arrays of one shape) have the same length, so that a
batch is one `np.take` over the mapped file. *Ragged* rows (text, bytes, arrays of any shape) are
found by an offset and a length. Neither holds a Python object, and nothing is ever unpickled.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast, final

import numpy as np

from lightning_synthaug.errors import CacheError

__all__ = ["DTYPES", "PICTURES", "Field", "Kind", "Schema", "kind_of", "schema_of"]

Kind = Literal["array", "int", "float", "bool", "text", "bytes", "png", "webp", "jpeg"]

# Only plain numbers: an object, a structured or a string dtype in a header is refused.
_CODES: Final = (
    "b1",
    "i1",
    "u1",
    "i2",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    "f2",
    "f4",
    "f8",
    "c8",
    "c16",
)
DTYPES: Final[frozenset[str]] = frozenset(
    np.dtype(order + code).str for order in "<>" for code in _CODES
)
SCALARS: Final[Mapping[str, str]] = {"int": "<i8", "float": "<f8", "bool": "|b1"}
VARIABLE: Final[frozenset[str]] = frozenset({"text", "bytes"})
PICTURES: Final[frozenset[str]] = frozenset({"png", "webp", "jpeg"})  # arrays too, compressed
ALIGN: Final = 16  # the largest item, so that each field of each row is aligned
MAX_FIELDS: Final = 256
MAX_NAME: Final = 256
MAX_DIMS: Final = 31  # one less than the oldest NumPy has; rows add one
MAX_ROW: Final = 1 << 30  # bytes; NumPy's structured dtypes end at 2^31


@final
@dataclass(frozen=True, slots=True)
class Field:
    """One named field of a record.

    Attributes:
        name: Name of the field in the record.
        kind: Array, how an array is compressed, or the Python type of a scalar, text or bytes.
        dtype: NumPy dtype with byte order, empty for text and bytes.
        shape: Shape of an array that is the same in every row, else None.
        dims: Number of dimensions of an array.
    """

    name: str
    kind: Kind
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    dims: int = 0

    def vary(self) -> Field:
        """Leave the shape of an array to each row."""
        return Field(self.name, self.kind, self.dtype, None, self.dims)


@final
@dataclass(frozen=True, eq=False)
class Schema:
    """Fields of every record in one shard, in the record's order.

    Attributes:
        fields: The fields.
        ragged: Whether rows differ in length.
    """

    fields: tuple[Field, ...]
    ragged: bool

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and (self is other or self.text == other.text)

    def __hash__(self) -> int:
        return hash(self.text)

    @functools.cached_property
    def row_dtype(self) -> np.dtype[np.void]:
        """Structured dtype of one fixed row; columns are named by position.

        Offsets are aligned and the row is padded, so that any field of any row can be viewed. Names
        of the record stay out of it: NumPy renames empty ones and reserves others.
        """
        offsets, end = [], 0
        for field in self.fields:
            offsets.append(end)
            count = int(np.prod(field.shape or (), dtype=np.int64))
            end += -(-np.dtype(field.dtype).itemsize * count // ALIGN) * ALIGN
        formats = [(field.dtype, field.shape or ()) for field in self.fields]
        names = [f"f{i}" for i in range(len(formats))]
        layout = {"names": names, "formats": formats, "offsets": offsets, "itemsize": end or ALIGN}
        return cast("np.dtype[np.void]", np.dtype(cast("Any", layout)))

    @functools.cached_property
    def stride(self) -> int:
        """Length of a fixed row in bytes, 0 when rows are ragged."""
        return 0 if self.ragged else self.row_dtype.itemsize

    def vary(self) -> Schema:
        """Leave lengths and shapes to each row."""
        return Schema(tuple(field.vary() for field in self.fields), ragged=True)

    def as_json(self) -> dict[str, Any]:
        """Return the schema as plain JSON types.

        Example:
            >>> Schema((Field("label", "int", "<i8", ()),), ragged=False).as_json()
            {'ragged': False, 'fields': [['label', 'int', '<i8', [], 0]]}
        """
        rows = [[f.name, f.kind, f.dtype, _listed(f.shape), f.dims] for f in self.fields]
        return {"ragged": self.ragged, "fields": rows}

    @functools.cached_property
    def text(self) -> str:
        """The schema as canonical JSON text, equal for equal schemas."""
        return json.dumps(self.as_json(), separators=(",", ":"))

    @classmethod
    def from_json(cls, value: object) -> Schema:
        """Read a schema that may have been tampered with.

        Args:
            value: What `json.loads` made of it.

        Returns:
            A schema that is safe to allocate and to view memory with.

        Raises:
            ValueError: Anything is not exactly as `as_json` writes it: an unknown dtype, a size out
                of bounds, a name twice, another type.
        """
        if not isinstance(value, dict) or set(value) != {"ragged", "fields"}:
            raise ValueError("schema must have `ragged` and `fields`")
        ragged, rows = value["ragged"], value["fields"]
        if not isinstance(ragged, bool) or not isinstance(rows, list) or len(rows) > MAX_FIELDS:
            raise ValueError("schema fields must be a short list")
        fields = tuple(_field(row, ragged=ragged) for row in rows)
        if len({field.name for field in fields}) != len(fields):
            raise ValueError("field names must differ")
        if not ragged and sum(map(_bytes, fields)) > MAX_ROW:
            raise ValueError("row is too long")
        schema = cls(fields, ragged)
        try:
            _ = schema.stride
        except (TypeError, OverflowError) as error:
            raise ValueError("NumPy cannot hold such a row") from error
        return schema


def kind_of(value: object) -> tuple[Kind, str, tuple[int, ...] | None] | None:
    """Classify one value of a record, None for what cannot be stored.

    Example:
        >>> kind_of(True), kind_of("a"), kind_of(object())
        (('bool', '|b1', ()), ('text', '', None), None)
    """
    if isinstance(value, np.ndarray):
        good = value.dtype.str in DTYPES and value.ndim <= MAX_DIMS
        return ("array", value.dtype.str, value.shape) if good else None
    if isinstance(value, bool):
        return ("bool", "|b1", ())
    if isinstance(value, int):
        return ("int", "<i8", ()) if -(2**63) <= value < 2**63 else None
    if isinstance(value, float):
        return ("float", "<f8", ())
    if isinstance(value, str):
        return ("text", "", None)
    return ("bytes", "", None) if isinstance(value, bytes) else None


def schema_of(record: Mapping[str, object]) -> Schema:
    """Derive the schema that holds one record.

    Args:
        record: Named fields.

    Returns:
        A fixed schema when all fields are numbers or arrays, else a ragged one.

    Raises:
        CacheError: A field is of a type or dtype that cannot be stored, or the record is too large.
    """
    fields = []
    for name, value in record.items():
        found = kind_of(value)
        if found is None or not _is_name(name):
            raise CacheError("SA307", _cannot_store(name, value))
        kind, dtype, shape = found
        fields.append(Field(name, kind, dtype, shape, len(shape or ())))
    size = sum(map(_bytes, fields)) + sum(_length(value) for value in record.values())
    if size > MAX_ROW or len(fields) > MAX_FIELDS:
        where = f"got {size} bytes in {len(fields)} fields"
        limit = f"{MAX_ROW} bytes and {MAX_FIELDS} fields"
        raise CacheError("SA307", f"A record must have at most {limit}, {where}. Split it.")
    if any(field.kind in VARIABLE for field in fields):
        return Schema(tuple(fields), ragged=False).vary()
    return Schema(tuple(fields), ragged=False)


def _cannot_store(name: str, value: object) -> str:
    """Say which field cannot be stored, and what could."""
    what = type(value).__name__
    if isinstance(value, np.ndarray):
        what = f"an array of dtype {value.dtype}"
    elif isinstance(value, int):
        what = f"the integer {value!r}"
    return (
        "A stored field must be text, bytes, a 64-bit int, a float, a bool or an array of numbers "
        f"of at most 16 bytes an item under a name of 1 to {MAX_NAME} characters, got {what} in "
        f"field {name[:80]!r}. Convert it, for example with `array.astype('float32')`."
    )


def _is_name(name: object) -> bool:
    """Check that a field can be called so: some characters, and all of them in UTF-8."""
    with contextlib.suppress(UnicodeEncodeError):
        return isinstance(name, str) and 0 < len(name) <= MAX_NAME and bool(name.encode())
    return False


def _length(value: object) -> int:
    """Count the bytes of a field that the schema cannot know."""
    return (
        len(value) * (4 if isinstance(value, str) else 1) if isinstance(value, str | bytes) else 0
    )


def _bytes(field: Field) -> int:
    """Count the bytes that a field of fixed shape takes."""
    if field.shape is None or not field.dtype:
        return 0
    count = 1
    for size in field.shape:  # Python integers: the product of tampered sizes must not wrap round
        count *= max(size, 1)  # NumPy refuses "0 times too much" as well
    return (np.dtype(field.dtype).itemsize * count // ALIGN + 1) * ALIGN


def _listed(shape: tuple[int, ...] | None) -> list[int] | None:
    """Turn a shape into JSON."""
    return None if shape is None else list(shape)


def _field(row: object, *, ragged: bool) -> Field:
    """Read one field of a header, strictly."""
    if not isinstance(row, list) or len(row) != 5:
        raise ValueError("a field must be a list of five")
    name, kind, dtype, shape, dims = row
    if not _is_name(name):
        raise ValueError("a field name must be short text")
    if type(dims) is not int or not 0 <= dims <= MAX_DIMS or not isinstance(dtype, str):
        raise ValueError("a field must have a dtype and a number of dimensions")
    sizes = _shape(shape)
    if kind == "array":
        good = dtype in DTYPES and (sizes is None if ragged else _fits(sizes, dims))
    elif kind in PICTURES:
        good = ragged and dtype == "|u1" and sizes is None and dims in (2, 3)
    elif kind in SCALARS:
        good = dtype == SCALARS[kind] and sizes == (None if ragged else ()) and dims == 0
    else:
        good = kind in VARIABLE and ragged and dtype == "" and sizes is None and dims == 0
    if not good:
        raise ValueError(f"field {name!r} is not one that a store writes")
    return Field(name, kind, dtype, sizes, dims)


def _fits(sizes: tuple[int, ...] | None, dims: int) -> bool:
    """Check that a fixed shape has as many sizes as it says."""
    return sizes is not None and len(sizes) == dims


def _shape(shape: object) -> tuple[int, ...] | None:
    """Read a shape of a header, strictly."""
    if shape is None:
        return None
    if not isinstance(shape, list) or len(shape) > MAX_DIMS:
        raise ValueError("a shape must be a short list")
    if not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise ValueError("a shape must hold sizes below 2^31")
    return tuple(shape)
