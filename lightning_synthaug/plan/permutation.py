"""Keyed permutations of 0..n-1: explicit for whole passes, a Feistel network for single positions."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.seeding import Int64Array, UInt64Array, hash64, runs_of

__all__ = ["explicit_permutations", "permute"]

_Array = TypeVar("_Array", Int64Array, UInt64Array)

_STEPS = 6
_MULTIPLY_1 = np.uint32(0x85EBCA6B)
_MULTIPLY_2 = np.uint32(0xC2B2AE35)
_HALF_WORD = np.uint32(16)
_WORD = np.uint64(32)


def explicit_permutations(size: int, keys: UInt64Array) -> Int64Array:
    """Shuffle 0..size-1 under each of several keys by sorting keyed hashes; for at most some millions.

    NumPy's own `permutation` may change between versions (NEP 19); this one may not, the golden digests hang on it.

    Args:
        size: Number of elements, >= 1. Memory is 16 bytes an element and key.
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
    hashes = (hash64(keys[:, None], index) & ~mask) | index
    hashes.sort(axis=1)
    return (hashes & mask).astype(np.int64)


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
    if not out.size:
        return out
    size, key = _collapse(size), _collapse(key)
    out = _network(out, size, key)
    pending = np.nonzero(out >= size)[0]
    while pending.size:
        out[pending] = _network(out[pending], _at(size, pending), _at(key, pending))
        pending = pending[out[pending] >= _at(size, pending)]
    return out


def _collapse(values: int | _Array) -> int | _Array:
    """Turn an array of one repeated value into that value: one permutation for all is cheaper."""
    if isinstance(values, int) or values.min() != values.max():
        return values
    return int(values[0])


def _at(values: int | _Array, where: npt.NDArray[np.intp]) -> int | _Array:
    """Pick elements, where there is one for each."""
    return values if isinstance(values, int) else values[where]


def _column_bits(size: int | Int64Array) -> npt.NDArray[np.int64]:
    """Give the columns about half of the bits of `size`."""
    return np.asarray(np.frexp(np.maximum(size, 2) - 1)[1] // 2, dtype=np.int64)


def _round_keys(key: int | UInt64Array) -> list[np.uint32 | npt.NDArray[np.uint32]]:
    """Derive one 32-bit key for each step, equal for one key and for an array of it."""
    if isinstance(key, int):
        words: list[np.uint64 | UInt64Array] = list(hash64(key, np.arange(_STEPS // 2)))
        return [half.astype(np.uint32) for w in words for half in (w, w >> _WORD)]
    starts, lengths = runs_of(key)
    words = [hash64(key[starts], i) for i in range(_STEPS // 2)]
    return [np.repeat(half.astype(np.uint32), lengths) for w in words for half in (w, w >> _WORD)]


def _network(value: Int64Array, size: int | Int64Array, key: int | UInt64Array) -> Int64Array:
    """Apply the network once: each step moves one coordinate by a function of the other."""
    bits = _column_bits(size)
    wide_mask = (np.int64(1) << bits) - 1
    mask = wide_mask.astype(np.uint32)
    rows = ((size + wide_mask) >> bits).astype(np.uint64)
    column = value.astype(np.uint32) & mask
    row = (value >> bits).astype(np.uint32)
    for step, round_key in enumerate(_round_keys(key)):
        mixed = (column if step % 2 else row) ^ round_key
        mixed *= _MULTIPLY_1
        mixed ^= mixed >> _HALF_WORD
        mixed *= _MULTIPLY_2
        mixed ^= mixed >> _HALF_WORD
        if step % 2 == 0:
            column ^= mixed & mask
        else:
            # Scale the hash to [0, rows) by its upper word, then add modulo the number of rows.
            wide = mixed * rows
            wide >>= _WORD
            wide += row
            wide -= rows * (wide >= rows)
            row = wide.astype(np.uint32)
    joined: Int64Array = (row.astype(np.int64) << bits) | column
    return joined
