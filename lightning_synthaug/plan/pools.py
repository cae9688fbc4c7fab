"""Pools: how often a batch can ask one of them, and when a sample of it is replaced by a new one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["divide_pool", "lives", "most_servings"]


def lives(serving: Int64Array, slot: Int64Array, size: int | Int64Array, reuse: int) -> Int64Array:
    """Count the samples that were in a pool's slots before.

    Replacement is staggered over the slots, so that size / reuse new samples come with each pass.

    Args:
        serving: Servings of the pool before each, >= 0. Shape `(n,)`.
        slot: The pool's slot that each takes, one of each a pass. Shape `(n,)`.
        size: Slots of the pool, >= 1, one for all or one for each.
        reuse: Servings in the life of a sample, >= 1.

    Returns:
        Replacements before each serving, shape `(n,)`.

    Example:
        >>> import numpy as np
        >>> lives(np.arange(6), np.array([0, 1, 0, 1, 0, 1]), 2, 2).tolist()
        [0, 0, 0, 1, 1, 1]
    """
    replaced: Int64Array = (serving // size + slot % reuse) // reuse
    return replaced


def divide_pool(pool: int, parts: Sequence[bool]) -> list[int]:
    """Divide a pool evenly among labels.

    Args:
        pool: Samples in all, >= 1.
        parts: For each label, whether it can be asked for; at least one can.

    Returns:
        Samples for each; they sum up to `pool`, or to one for each label where those are more.

    Example:
        >>> divide_pool(50, [True, False, True, True])
        [17, 0, 17, 16]
    """
    rounds, rest = divmod(pool, sum(parts))
    sizes, seen = [], 0
    for asked in parts:
        sizes.append(max(1, rounds + (seen < rest)) if asked else 0)
        seen += asked
    return sizes


def most_servings(of: int, share: float) -> int:
    """Bound how many of consecutive samples go to one of several owners.

    Args:
        of: Consecutive samples, >= 0.
        share: The owner's share, in (0, 1]. At any moment its count is within one of its share (`ShareTable`).

    Returns:
        Most samples that it can get.
    """
    return min(of, math.ceil(of * share) + 1) if share < 1 else of
