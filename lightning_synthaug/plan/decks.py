"""Orders of short passes, each a little off the one before it, so that no sample comes again too soon."""

from __future__ import annotations

import numpy as np

from lightning_synthaug.plan.permutation import explicit_permutations
from lightning_synthaug.plan.seeding import Int64Array, UInt64Array, divide, hash64

__all__ = ["sliding_orders"]


def sliding_orders(
    size: int, numbers: Int64Array, *, step: int, key: int, base: Int64Array | None = None
) -> Int64Array:
    """Order consecutive passes over a few samples, all at once, without knowing the passes before them.

    From pass to pass no sample moves forward by more than `2 * step - 1` places, so that at least
    `size - 2 * step + 1` others lie between two visits. An era of ceil(size / step) passes turns one random order
    into the next one: the i-th pass of it has the first i * step samples of the old order sorted by the new one, and
    put behind the others. Besides, each pass shuffles each block of `step` places.

    Args:
        size: Number of samples, >= 1.
        numbers: Numbers of the passes, consecutive and ascending, >= 0. Shape `(k,)`.
        step: Samples that change places with each pass, in [0, size]. 0: all passes have the same order.
        key: 64-bit key.
        base: The order before pass 0, a permutation of 0..size-1, which pass 0 goes on from; None: a random one.

    Returns:
        Samples in order, shape `(k, size)`.

    Source:
        This project's own.

    Example:
        >>> orders = sliding_orders(6, np.arange(3), step=2, key=1)
        >>> np.sort(orders).tolist() == [[0, 1, 2, 3, 4, 5]] * 3
        True
    """
    era, within = divide(numbers, -(-size // step) if step else int(numbers[-1]) + 1)
    eras = np.arange(era[0], era[-1] + 2)
    #: The place of each sample in each era's order.
    places = explicit_permutations(size, hash64(key, eras))
    if base is not None and not era[0]:
        places[0][base] = np.arange(size)
    row = era - era[0]
    old = places[row]
    if not step:
        return np.argsort(old, axis=1)
    bits = np.int64(max(1, size - 1).bit_length())
    mask = (np.int64(1) << bits) - 1
    moved = np.where(old >= within[:, None] * step, old, places[row + 1] + size)
    index = np.arange(size)
    # The sample in the low bits comes back from a plain sort, which is much faster than argsort.
    order = np.sort((moved << bits) | index, axis=1) & mask
    if step == 1:
        return order
    keys = hash64(int(hash64(key, 1 << 62)[0]), numbers)
    return np.take_along_axis(order, _within_blocks(size, step, keys), axis=1)


def _within_blocks(size: int, step: int, keys: UInt64Array) -> Int64Array:
    """Shuffle the places of each block, under each of several keys. Shape `(keys, size)`."""
    bits = np.uint64(max(1, size - 1).bit_length())
    index = np.arange(size, dtype=np.uint64)
    mask = (np.uint64(1) << bits) - np.uint64(1)
    block = (index // np.uint64(step)) << (np.uint64(64) - bits)
    hashes = ((hash64(keys[:, None], index) >> bits) & ~mask) | block | index
    # Above, the shift leaves the upper bits to the block.
    hashes.sort(axis=1)
    return (hashes & mask).astype(np.int64)
