"""Keyed permutations of 0..n-1: explicit for whole passes, a Feistel network for single positions."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.seeding import Int64Array, UInt64Array, hash64, runs_of

__all__ = ["explicit_permutations", "permute"]

_Array = TypeVar("_Array", Int64Array, UInt64Array)
_Where = slice | npt.NDArray[np.intp]

_STEPS = 6
#: Positions that are mapped at once: what is computed meanwhile stays in the cache, and below what a C library
#: gives back to the system each time.
_AT_ONCE = 1 << 13
# Each an array of one number: NumPy takes them faster than its scalars.
_FACTORS = np.array(0x85EBCA6B, np.uint32), np.array(0xC2B2AE35, np.uint32)
_HALF_WORD = np.array(16, np.uint32)
_WORD = np.array(32, np.uint64)


def explicit_permutations(size: int, keys: UInt64Array) -> Int64Array:
    """Shuffle 0..size-1 under each of several keys by sorting keyed hashes; for at most some millions.

    NumPy's own `permutation` may change between versions (NEP 19); this one may not, the golden digests hang on it.

    Args:
        size: Number of elements, >= 1. Memory is 8 bytes an element and key, and 24 meanwhile.
        keys: 64-bit keys. Shape `(k,)`.

    Returns:
        One permutation a key, shape `(k, size)`.

    Example:
        >>> sorted(explicit_permutations(5, np.array([1], np.uint64))[0].tolist())
        [0, 1, 2, 3, 4]
    """
    index = np.arange(size, dtype=np.uint64)
    mask = np.uint64((1 << max(1, size - 1).bit_length()) - 1)
    # The index in the low bits breaks ties, and comes back from a plain sort, which is much faster than argsort.
    hashes = hash64(keys[:, None], index)
    hashes &= ~mask
    hashes |= index
    hashes.sort(axis=1)
    hashes &= mask
    return hashes.view(np.int64)


def permute(index: npt.ArrayLike, size: int | Int64Array, key: int | UInt64Array) -> Int64Array:
    """Map positions through a keyed permutation of 0..size-1 without building it.

    Each element may have a size and a key of its own, so that many small permutations cost one call.

    Args:
        index: Positions, each in [0, size). Shape `(n,)`.
        size: Number of elements, in [1, 2^62], one for all or one for each.
        key: 64-bit key, one for all or one for each.

    Returns:
        Images, shape `(n,)`, values in [0, size).

    Source:
        Feistel network over a grid of 2^h columns and just enough rows; a cell beyond `size` is walked along its
        cycle back into range: Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002,
        doi:10.1007/3-540-45760-7_9.

    Example:
        >>> sorted(permute([0, 1, 2, 3, 4, 5, 6], 7, key=3).tolist())
        [0, 1, 2, 3, 4, 5, 6]
    """
    out = np.array(index, dtype=np.int64, ndmin=1)
    for first in range(0, out.size, _AT_ONCE):
        _map(out, slice(first, first + _AT_ONCE), size, key)
    pending = np.flatnonzero(out >= size)
    while pending.size:
        _map(out, pending, size, key)
        pending = pending[out[pending] >= _at(size, pending)]
    return out


def _map(values: Int64Array, where: _Where, size: int | Int64Array, key: int | UInt64Array) -> None:
    """Apply the network to some of the values, in place."""
    some = values[where]
    values[where] = _network(some, _collapse(_at(size, where)), _collapse(_at(key, where)))


def _collapse(values: int | _Array) -> int | _Array:
    """Turn an array of one repeated value into that value: one permutation for all is cheaper."""
    if isinstance(values, int) or values.min() != values.max():
        return values
    return int(values[0])


def _at(values: int | _Array, where: _Where) -> int | _Array:
    """Pick elements, where there is one for each."""
    return values if isinstance(values, int) else values[where]


def _grid(size: int | Int64Array) -> tuple[Int64Array, Int64Array]:
    """Lay 0..size-1 out: how many bits the columns take, about half of those of `size`, and how many rows there are.

    A row is below 2^31, so that 32 bits hold the sum of two.
    """
    bits = np.asarray(np.frexp(np.maximum(size, 2) - 1)[1] // 2, dtype=np.int64)
    return bits, np.asarray((size + (np.int64(1) << bits) - 1) >> bits)


def _halves(words: UInt64Array) -> list[npt.NDArray[np.uint32]]:
    """Cut hashes in two, each half an array."""
    return [np.asarray(half.astype(np.uint32)) for w in words for half in (w, w >> _WORD)]


def _round_keys(key: int | UInt64Array) -> list[npt.NDArray[np.uint32]]:
    """Derive one 32-bit key for each step, equal for one key and for an array of it."""
    steps = np.arange(_STEPS // 2)
    if isinstance(key, int):
        return _halves(hash64(key, steps))
    starts, lengths = runs_of(key)
    return [np.repeat(half, lengths) for half in _halves(hash64(key[starts], steps[:, None]))]


#: One permutation is read a stretch after the other.
_grid_of_one = lru_cache(maxsize=64)(_grid)
_keys_of_one = lru_cache(maxsize=64)(_round_keys)


def _network(value: Int64Array, size: int | Int64Array, key: int | UInt64Array) -> Int64Array:
    """Apply the network once: each step moves one coordinate by a function of the other."""
    bits, rows = _grid_of_one(size) if isinstance(size, int) else _grid(size)
    round_keys = _keys_of_one(key) if isinstance(key, int) else _round_keys(key)
    wide_rows, few_rows = rows.astype(np.uint64), rows.astype(np.uint32)
    mask = ((np.int64(1) << bits) - 1).astype(np.uint32)
    row = (value >> bits).astype(np.uint32)
    column = value.astype(np.uint32)
    column &= mask
    mixed, other = np.empty_like(row), np.empty_like(row)
    wide = np.empty(row.shape, np.uint64)
    for step, round_key in enumerate(round_keys):
        np.bitwise_xor(column if step % 2 else row, round_key, out=mixed)
        for factor in _FACTORS:
            mixed *= factor
            np.right_shift(mixed, _HALF_WORD, out=other)
            mixed ^= other
        if step % 2 == 0:
            mixed &= mask
            column ^= mixed
        else:
            # Scale the hash to [0, rows) by its upper word, then add modulo the number of rows: what would be below
            # zero wraps around, and is the larger of the two.
            wide[:] = mixed
            wide *= wide_rows
            wide >>= _WORD
            np.copyto(mixed, wide, casting="unsafe")
            mixed += row
            np.subtract(mixed, few_rows, out=row)
            np.minimum(row, mixed, out=row)
    joined = row.astype(np.int64)
    joined <<= bits
    joined |= column
    return joined
