"""What kind of sample each row of a stretch holds: a real one, a synthetic one, or a real one once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Rows", "check_extra", "rows_with_extra", "rows_within"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of a stretch by kind. Together they are a partition of it.

    Attributes:
        real: Rows of the epoch's own samples. Shape `(n,)`.
        first_real: How many such samples came before, since the stretch of the history began.
        synthetic: Rows of synthetic samples. Shape `(m,)`.
        number: Number of each synthetic sample in the run. Shape `(m,)`.
        again: Rows of real samples that come on top of the epoch. Shape `(k,)`.
        first_again: How many such samples came before.
    """

    real: Int64Array
    first_real: int
    synthetic: Int64Array
    number: Int64Array
    again: Int64Array
    first_again: int


def rows_within(knots: Knots, begin: int, start: int, stop: int) -> Rows:
    """Let synthetic samples take the place of real ones: slot g is synthetic where floor(S) steps up.

    Args:
        knots: The compiled schedule.
        begin: Slot at which the stretch of the history begins.
        start: First slot.
        stop: Slot after the last.

    Returns:
        The rows.
    """
    counts = knots.counts(start, stop)
    steps = counts[1:] > counts[:-1]
    synthetic = np.flatnonzero(steps)
    first = start - begin - (int(counts[0]) - knots.count(begin))
    again = np.empty(0, np.int64)
    return Rows(np.flatnonzero(~steps), first, synthetic, counts[:-1][synthetic], again, 0)


def rows_with_extra(knots: Knots, epoch: Epoch, begin: int, first: int, end: int) -> Rows:
    """Keep each real sample of the epoch; synthetic ones, and real ones once more, fill the slots added to a batch.

    Args:
        knots: The compiled schedule.
        epoch: Shape of the epochs, with `extra` > 0.
        begin: Slot at which the stretch of the history begins.
        first: Batches of that stretch before the first.
        end: Batches of that stretch before the one after the last.

    Returns:
        The rows of the batches: in each the epoch's own, then the synthetic ones, then the others.
    """
    numbers = range(first, end + 1)
    counts = np.array([knots.count(begin + epoch.slot(n)) for n in numbers], np.int64)
    own = np.diff(epoch.real_slots(np.arange(first, end + 1)))
    # Never more than fit; the schedule was checked, but its rounding adds one sample in some billion slots.
    synthetic = np.minimum(np.diff(counts), epoch.extra)
    kinds = np.repeat(
        np.tile(np.arange(3), own.size),
        np.stack([own, synthetic, epoch.extra - synthetic], axis=1).ravel(),
    )
    where = np.flatnonzero(kinds == 1)
    within = np.arange(where.size) - np.repeat(np.cumsum(synthetic) - synthetic, synthetic)
    made_before = int(counts[0]) - knots.count(begin)
    return Rows(
        np.flatnonzero(kinds == 0),
        epoch.real_slot(first),
        where,
        np.repeat(counts[:-1], synthetic) + within,
        np.flatnonzero(kinds == 2),
        first * epoch.extra - made_before,
    )


def check_extra(knots: Knots, epoch: Epoch, start: int, stop: int) -> None:
    """Refuse a ratio that the slots added to a batch cannot hold.

    Args:
        knots: The compiled schedule.
        epoch: Shape of the epochs.
        start: First slot at which both hold.
        stop: Slot after the last one.

    Raises:
        PlanError: At some position more is asked for than fits (SA118).
    """
    most = knots.extremes(start, stop)[1] if stop > start else 0.0
    size = epoch.batch_size + epoch.extra
    if epoch.extra and most > epoch.extra / size + 1e-8:  # ratios are rounded to 2^-32
        raise PlanError(
            "SA118",
            f"`ratio` must not exceed what the added slots can hold, got {most:g} with `extra={epoch.extra}` on top "
            f"of a global batch of {epoch.batch_size}: at most {epoch.extra}/{size} = {epoch.extra / size:.4g}. Lower "
            f"the ratio, or raise `extra`; leave `extra` out to let synthetic samples take the place of real ones.",
        )
