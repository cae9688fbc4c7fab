"""Counter-based randomness, labelled by purpose.

Nothing in the plan reads a global generator or keeps one: each random number is a hash of what it is for, so that
any of them can be asked for in any order, on any machine. Seeds are derived by hashing a labelled path and never
by addition (`seed + epoch` makes seed 0, epoch 1 equal to seed 1, epoch 0).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

__all__ = ["Int64Array", "UInt64Array", "child_seed", "divide", "hash64", "runs_of"]

UInt64Array = npt.NDArray[np.uint64]
Int64Array = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def child_seed(seed: int, purpose: str, *path: int | str) -> int:
    """Derive a 64-bit seed for one purpose from a seed and a path.

    Args:
        seed: Parent seed, any integer.
        purpose: What the seed is for, for example `"real-order"`.
        path: Further coordinates, for example a source name and a pass number.

    Returns:
        Integer in [0, 2^64), the same on every machine.

    Example:
        >>> child_seed(7, "twins", "gan") == child_seed(7, "twins", "gan")
        True
        >>> child_seed(0, "pass", 1) == child_seed(1, "pass", 0)
        False
    """
    # NumPy's integers print, and so hash, in another way.
    parts = (part if isinstance(part, str) else int(part) for part in path)
    text = repr((int(seed), purpose, *parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def hash64(key: int | UInt64Array, counter: npt.ArrayLike) -> UInt64Array:
    """Hash counters under a key, vectorised.

    Args:
        key: 64-bit key, or one key per counter.
        counter: Non-negative integers, any shape.

    Returns:
        Hashes, shape of the broadcast arguments, values in [0, 2^64).

    Source:
        Finaliser of splitmix64: Steele, Lea & Flood, OOPSLA 2014, doi:10.1145/2660193.2660195.

    Example:
        >>> hash64(1, [0, 1, 2]).shape
        (3,)
    """
    keys = np.uint64(key) if isinstance(key, int) else key
    # Arrays wrap around silently, which is wanted; a scalar would warn.
    x = np.atleast_1d(np.asarray(counter)).astype(np.uint64) * _GOLDEN
    x = x + keys
    x ^= x >> np.uint64(30)
    x *= _MIX_1
    x ^= x >> np.uint64(27)
    x *= _MIX_2
    x ^= x >> np.uint64(31)
    return x


def divide(number: Int64Array, by: int | Int64Array) -> tuple[Int64Array, Int64Array]:
    """Divide whole numbers; several times faster than `np.divmod` where one divisor serves all.

    Args:
        number: Non-negative integers. Shape `(n,)`.
        by: Divisor, >= 1, one for all or one for each.

    Returns:
        Quotients and remainders, each of shape `(n,)`.

    Example:
        >>> [a.tolist() for a in divide(np.array([7, 8]), 4)]
        [[1, 2], [3, 0]]
    """
    quotient = number // by
    return quotient, number - quotient * by


def runs_of(*arrays: npt.NDArray[np.generic]) -> tuple[Int64Array, Int64Array]:
    """Find stretches of equal neighbours, so that what depends on them is computed once a stretch.

    Args:
        arrays: Arrays that must all be equal within a stretch. Shape `(n,)` each.

    Returns:
        Where each stretch begins, and its length. Each of shape `(stretches,)`.

    Example:
        >>> [a.tolist() for a in runs_of(np.array([7, 7, 3]))]
        [[0, 2], [2, 1]]
    """
    changes = np.zeros(max(0, arrays[0].size - 1), np.bool_)
    for values in arrays:
        changes |= values[1:] != values[:-1]
    starts = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(changes) + 1])[: arrays[0].size]
    return starts, np.diff(starts, append=arrays[0].size)
