"""The errors of a run that does not go on without its samples: `on_miss="error"`, and `on_miss="wait"` in vain."""

from __future__ import annotations

import numpy as np

from lightning_synthaug.errors import FillError
from lightning_synthaug.mixing.causes import CAUSES, REJECTED, STARVED, UNMAKEABLE, Codes
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.plan import AnyPlan, PlannedSlots, SourceChange

__all__ = ["insist", "nobody_makes"]


def insist(
    mixture: Mixture, plan: AnyPlan, number: int, planned: PlannedSlots, codes: Codes
) -> None:
    """Refuse a batch with a real sample where a generated one was planned, whatever the cause.

    What a source is not asked for because it has collapsed is no loss.

    Args:
        mixture: The sources.
        plan: The plan.
        number: Batches before the batch.
        planned: Its rows.
        codes: Why each row will not be what was planned; 0 where it will be.

    Raises:
        FillError: There is such a row (SA504).
    """
    changed = [e.source + 1 for e in plan.history if isinstance(e, SourceChange)]
    excused = (codes == UNMAKEABLE) & np.isin(planned.source, changed)
    lost = np.bincount(codes[~excused], minlength=len(CAUSES) + 1)[1:]
    if not lost.any():
        return
    each = ", ".join(f"{n} {cause}" for n, cause in zip(lost, CAUSES, strict=True) if n)
    why = _why(mixture) if lost[REJECTED - 1] or lost[STARVED - 1] else ""
    each += f": {why}" if why else ""
    raise FillError(
        "SA504",
        f'Each planned sample must be in the cache under on_miss="error", got {lost.sum()} missing in batch {number} '
        f'in {mixture.recipe.cache_folder()} ({each}). Fill it (fill="ahead") with a generator that can make all '
        'of it, or let real samples stand in (on_miss="real").',
    )


def nobody_makes(mixture: Mixture, number: int, lacking: int) -> FillError:
    """Say that what a batch waits for is made no more.

    Args:
        mixture: The sources.
        number: Batches before the batch.
        lacking: Samples that it lacks.

    Returns:
        The error (SA524).
    """
    why = _why(mixture) or "no reason is known"
    return FillError(
        "SA524",
        f'What a batch waits for must be made under on_miss="wait", got {lacking} missing in batch {number} in '
        f"{mixture.recipe.cache_folder()} that this run makes no more ({why}). Mend the cause and resume, or "
        'let real samples stand in (on_miss="real").',
    )


def _why(mixture: Mixture) -> str:
    """Say why nothing more is made, or why the last that was turned down was; empty where nobody knows."""
    limits, generated = mixture.limits, mixture.generated
    if not any(limits.room(1, price=s.needs.generator.price) for s in generated):
        return "the budget is spent"
    reasons = [source.reason for source in generated if source.reason]
    return reasons[-1] if reasons else ""
