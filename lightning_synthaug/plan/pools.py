"""Pool passes: which stored sample a serving takes, and when it is replaced by a new one."""

from __future__ import annotations

import numpy as np

from lightning_synthaug.plan.permutation import permute
from lightning_synthaug.plan.seeding import Int64Array, UInt64Array, divide, hash64, runs_of

__all__ = ["pool_passes"]


def pool_passes(
    number: Int64Array, size: int | Int64Array, *, window: int, key: UInt64Array, reuse: int | None
) -> tuple[Int64Array, Int64Array]:
    """Map servings to pool slots and versions.

    A pool of P slots is served in passes, each slot once a pass, in a keyed order. With `reuse=r` a slot's sample is
    replaced after r servings, staggered over the slots, so that P / r new samples come with each pass. To keep a
    sample from coming twice within `window` servings across the end of a pass, a pass runs through fixed blocks of
    at most P - window + 1 slots and shuffles inside each: the same slot is then at least `window` servings away.

    Args:
        number: Servings of each element's pool before it, >= 0. Shape `(n,)`.
        size: Pool size, >= 1, one for all or one for each element.
        window: Most servings of one pool that a batch can hold, >= 1.
        key: 64-bit key of each element's pool. Shape `(n,)`.
        reuse: Servings in the life of a sample, >= 1; None: for ever.

    Returns:
        Slots in [0, size) and versions >= 0, each of shape `(n,)`.

    Source:
        This project's own.
    """
    passes, offset = divide(number, size)
    block_size = -(-size // np.maximum(1, -(-size // np.maximum(1, size - window + 1))))
    block = offset // block_size
    first = block * block_size
    inner = np.minimum(block_size, size - first)
    starts, lengths = runs_of(key, passes, block)
    keys = np.repeat(hash64(hash64(key[starts], passes[starts]), block[starts]), lengths)
    slot = first + permute(offset - first, inner, keys)
    version = np.zeros_like(slot) if reuse is None else (passes + slot % reuse) // reuse
    return slot, version
