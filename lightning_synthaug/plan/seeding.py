"""Counter-based randomness, labelled by purpose.

Nothing in the plan reads a global generator or keeps one: each random number is a hash of what it is for, so that
any of them can be asked for in any order, on any machine. Seeds are derived by hashing a labelled path and never
by addition (`seed + epoch` makes seed 0, epoch 1 equal to seed 1, epoch 0).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

__all__ = [
    "Int64Array",
    "UInt64Array",
    "child_seed",
    "divide",
    "groups_of",
    "hash64",
    "runs_of",
    "sorted_runs",
]

UInt64Array = npt.NDArray[np.uint64]
Int64Array = npt.NDArray[np.int64]

#: Of splitmix64, each an array of one number: NumPy takes them twice as fast as its scalars.
_GOLDEN = np.array(0x9E3779B97F4A7C15, np.uint64)
_SHIFT_1, _MIX_1 = np.array(30, np.uint64), np.array(0xBF58476D1CE4E5B9, np.uint64)
_SHIFT_2, _MIX_2 = np.array(27, np.uint64), np.array(0x94D049BB133111EB, np.uint64)
_SHIFT_3 = np.array(31, np.uint64)


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
    x = np.atleast_1d(np.asarray(counter)).astype(np.uint64)
    x *= _GOLDEN
    x = x + keys
    shifted = x >> _SHIFT_1
    x ^= shifted
    x *= _MIX_1
    np.right_shift(x, _SHIFT_2, out=shifted)
    x ^= shifted
    x *= _MIX_2
    np.right_shift(x, _SHIFT_3, out=shifted)
    x ^= shifted
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


def sorted_runs(values: Int64Array) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Sort numbers so that equal ones stand together, in the order that they came in.

    Args:
        values: Any integers. Shape `(n,)`.

    Returns:
        Their places in that order, shape `(n,)`; where each stretch of equal ones begins there, and its length, each
        of shape `(stretches,)`.

    Example:
        >>> [a.tolist() for a in sorted_runs(np.array([7, 3, 7]))]
        [[1, 0, 2], [0, 1], [1, 2]]
    """
    least = int(values.min(initial=0))
    # Numbers of one or two bytes are sorted without comparing them.
    kind = np.min_scalar_type(int(values.max(initial=0)) - least)
    small = (values - least).astype(kind) if kind.itemsize < 4 else values
    order = np.argsort(small, kind="stable")
    return order, *runs_of(small[order])


def groups_of(values: Int64Array) -> tuple[Int64Array, list[tuple[int, slice]]]:
    """Bring equal numbers together, so that what each of them needs is done at once and what all need once.

    Args:
        values: Integers, few different ones. Shape `(n,)`.

    Returns:
        The places of all, those of the smallest value first, ascending within each value; shape `(n,)`. And each
        value that occurs, ascending, with where its places are among these.

    Example:
        >>> order, groups = groups_of(np.array([4, 0, 4]))
        >>> order.tolist(), groups
        ([1, 0, 2], [(0, slice(0, 1, None)), (4, slice(1, 3, None))])
    """
    order, starts, lengths = sorted_runs(values)
    bounds = zip(values[order[starts]].tolist(), starts.tolist(), lengths.tolist(), strict=True)
    return order, [(value, slice(start, start + length)) for value, start, length in bounds]
