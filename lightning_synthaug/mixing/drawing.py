"""Which rows are transformed, and the seed of each: drawn by position, so that workers do not matter."""

from __future__ import annotations

from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan import (
    Clock,
    Constant,
    Knots,
    PlannedSlots,
    as_schedule,
    child_seed,
    hash64,
)
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["TransformDraw"]


@final
class TransformDraw:
    """Draw the rows that a recipe's transform is applied to.

    Args:
        recipe: What to mix.
        is_generated: Whether a source number's samples come from the store. Shape `(sources + 1,)`.
    """

    def __init__(self, recipe: Recipe, is_generated: npt.NDArray[np.bool_]) -> None:
        self._transforms = recipe.transform is not None
        self._on = recipe.transform_on
        self._p = as_schedule(recipe.transform_p)
        self._knots: Knots | None = None
        self._seed_key = child_seed(recipe.seed, "transform")
        self._flag_key = child_seed(recipe.seed, "transform-flag")
        # Items of a synthetic dataset are finished: there is no raw sample to transform.
        self._finished = ~is_generated
        self._finished[0] = False

    def compile(self, clock: Clock) -> None:
        """Compile the schedule of the probability.

        Args:
            clock: Lengths of the run.
        """
        self._knots = self._p.compile(clock)

    def flags(self, planned: PlannedSlots, slots: Int64Array) -> npt.NDArray[np.bool_] | None:
        """Decide which rows are transformed.

        Args:
            planned: The rows.
            slots: Their global positions. Shape `(n,)`.

        Returns:
            A mask, shape `(n,)`; None when no row is.
        """
        knots = self._knots
        if not self._transforms or knots is None:
            return None
        p: npt.NDArray[np.float64] | float = knots.ratio(planned.start)
        if not isinstance(self._p, Constant):
            p = np.array([knots.ratio(g) for g in slots.tolist()])
        # 53 bits of the hash make a uniform number in [0, 1).
        flags = (hash64(self._flag_key, slots) >> np.uint64(11)) * 2.0**-53 < p
        if self._on == "real":
            flags &= ~planned.is_synthetic
        elif self._on == "synthetic":
            flags &= planned.is_synthetic
        flags &= ~self._finished[planned.source]
        # What comes on top of an epoch shall be something new.
        flags |= ~planned.is_synthetic & (planned.version > 0)
        return flags if flags.any() else None

    def seeds(self, slots: Int64Array) -> Int64Array:
        """Return the seed of each row's transform.

        Args:
            slots: Global positions. Shape `(n,)`.

        Returns:
            The bits of unsigned 64-bit seeds. Shape `(n,)`.
        """
        return hash64(self._seed_key, slots).view(np.int64)
