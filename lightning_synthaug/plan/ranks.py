"""Which rows of a global batch a rank owns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["rank_rows"]


def rank_rows(is_synthetic: npt.NDArray[np.bool_], rank: int, world: int) -> Int64Array:
    """Deal the rows of a global batch like cards: the synthetic ones first, then the real ones.

    Contiguous slices of the slots would do for a constant ratio, but where the ratio jumps within a batch one rank
    would get all the synthetic rows. Dealing keeps both totals of any two ranks within one of each other, always. At
    ratio 0 it is what `DistributedSampler` does.

    Args:
        is_synthetic: Which rows are synthetic. Shape `(n,)`.
        rank: This rank, in [0, world).
        world: Ranks that share the batch, >= 1.

    Returns:
        Row numbers in ascending order, at least one. Over all ranks they are a partition of 0..n-1; where there are
        fewer rows than ranks, as in the last batch of an epoch, the ranks that would have none get one again.

    Example:
        >>> rank_rows(np.array([True, False, False, True]), rank=1, world=2).tolist()
        [2, 3]
    """
    if world == 1:
        return np.arange(is_synthetic.size)
    deck = np.argsort(~is_synthetic, kind="stable")
    return np.sort(deck[rank % deck.size :: world])
