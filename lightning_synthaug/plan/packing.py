"""Arrays as short texts, for files of JSON; read back without believing a word of them."""

from __future__ import annotations

import base64
import binascii
import zlib

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["pack_bits", "pack_integers", "unpack_bits", "unpack_integers"]

#: The types that integers are written in, the smallest that holds them all; little-endian.
_TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "i8")
#: Fast, and hardly longer than the best: most of what is written repeats itself.
_LEVEL = 1


def pack_integers(values: npt.NDArray[np.integer]) -> list[str | int]:
    """Write integers down.

    Args:
        values: Any that fit into 64 bits with a sign. Shape `(n,)`.

    Returns:
        Plain types: a type, n, and the compressed values as text.

    Example:
        >>> unpack_integers(pack_integers(np.array([3, -1, 300])), most=3).tolist()
        [3, -1, 300]
    """
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    kind = next(t for t in _TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return [kind, int(values.size), _text(values.astype(f"<{kind}").tobytes())]


def unpack_integers(packed: object, *, most: int) -> Int64Array | None:
    """Read integers back.

    Args:
        packed: What `pack_integers` returned.
        most: How many there may be; no memory is taken for more, whatever is claimed.

    Returns:
        Shape `(n,)`; None when it is not what this package writes.
    """
    match packed:
        case [str(kind), int(size), str(text)] if kind in _TYPES and 0 <= size <= most:
            data = _data(text, size * np.dtype(kind).itemsize)
            return None if data is None else np.frombuffer(data, f"<{kind}").astype(np.int64)
    return None


def pack_bits(bits: npt.NDArray[np.bool_]) -> str:
    """Write bits down, one bit each and less where they repeat.

    Args:
        bits: Shape `(n,)`.

    Returns:
        A text.

    Example:
        >>> unpack_bits(pack_bits(np.array([True, False, True])), size=3).tolist()
        [True, False, True]
    """
    return _text(np.packbits(bits).tobytes())


def unpack_bits(text: object, *, size: int) -> npt.NDArray[np.bool_] | None:
    """Read bits back.

    Args:
        text: What `pack_bits` returned.
        size: How many there are.

    Returns:
        Shape `(size,)`; None when it is not what this package writes.
    """
    data = _data(text, -(-size // 8)) if isinstance(text, str) else None
    if data is None:
        return None
    return np.unpackbits(np.frombuffer(data, np.uint8), count=size).astype(bool)


def _text(data: bytes) -> str:
    """Compress, and write as text."""
    return base64.b64encode(zlib.compress(data, _LEVEL)).decode()


def _data(text: str, size: int) -> bytes | None:
    """Read exactly so many bytes, or nothing."""
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(text, validate=True), size + 1)
    except (zlib.error, binascii.Error, ValueError):
        return None
    return data if len(data) == size and inflate.eof and not inflate.unused_data else None
