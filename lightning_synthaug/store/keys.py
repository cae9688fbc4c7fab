"""Sample keys: 16 bytes each, and the mark by which the index knows that an entry is its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import CacheError

__all__ = ["KEY_BYTES", "check_keys", "join_keys", "marks", "strays"]

KEY_BYTES: Final = 16
# Odd numbers: one changed bit in one of the four words always changes the sum modulo 2^64.
_KEY: Final = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9], np.uint64).view(np.int64)
_PLACE: Final = np.array([0x94D049BB133111EB, 0xD6E8FEB86659FD93], np.uint64).view(np.int64)
_ENTRY: Final = np.append(_PLACE, -1)


def check_keys(keys: Sequence[bytes]) -> None:
    """Check that keys are keys.

    Raises:
        CacheError: One is not 16 bytes.
    """
    for key in keys:
        if not isinstance(key, bytes) or len(key) != KEY_BYTES:
            raise CacheError(
                "SA308",
                f"A sample key must be {KEY_BYTES} bytes, got {key!r:.100}. "
                "Make it with `generators.sample_key`.",
            )


def join_keys(keys: Sequence[bytes]) -> npt.NDArray[np.int64]:
    """Write keys as two integers each. Shape `(n, 2)`.

    Raises:
        CacheError: One is not 16 bytes.
    """
    try:
        joined = b"".join(keys)
    except TypeError:
        check_keys(keys)
        raise
    if set(map(len, keys)) != {KEY_BYTES}:
        check_keys(keys)
    return np.frombuffer(joined, "<i8").reshape(-1, 2)


def marks(keys: npt.NDArray[np.int64], places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Compute what an index entry must carry beside its key and its place.

    Args:
        keys: Keys as `join_keys` writes them. Shape `(n, 2)`.
        places: Shard and row of each. Shape `(n, 2)`.

    Returns:
        One number each, another one when a bit of key or place is another. Shape `(n,)`.

    Example:
        >>> one = marks(join_keys([b"k" * 16]), np.array([[5, 7]]))
        >>> bool(one == marks(join_keys([b"k" * 16]), np.array([[5, 6]])))
        False
    """
    mark: npt.NDArray[np.int64] = keys.dot(_KEY) + places.dot(_PLACE)
    return mark


def strays(keys: npt.NDArray[np.int64], entries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Find entries that do not carry their own mark.

    Args:
        keys: Keys as `join_keys` writes them. Shape `(n, 2)`.
        entries: Shard, row and mark of each. Shape `(n, 3)`.

    Returns:
        Zero where the mark is right. Shape `(n,)`.
    """
    left: npt.NDArray[np.int64] = keys.dot(_KEY) + entries.dot(_ENTRY)
    return left
