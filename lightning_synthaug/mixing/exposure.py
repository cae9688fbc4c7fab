"""How often each real sample will be seen, with and without synthetic ones: said at the start of a run."""

from __future__ import annotations

from lightning_synthaug.plan import Plan

__all__ = ["exposure_text", "seen_text"]


def exposure_text(plan: Plan, start: int, stop: int) -> str:
    """Say how often each real sample is seen over a stretch of batches.

    Args:
        plan: The plan.
        start: Batches before the stretch.
        stop: Batches before its end, > start.

    Returns:
        One line.
    """
    epoch = plan.epoch
    samples = epoch.samples if plan.order is None else plan.order.support.size
    slots = plan.slot(stop) - plan.slot(start)
    synthetic = plan.knots.count(plan.slot(stop)) - plan.knots.count(plan.slot(start))
    return seen_text(stop - start, slots, synthetic, samples, (stop - start) * epoch.extra)


def seen_text(batches: int, slots: int, synthetic: int, samples: int, added: int = 0) -> str:
    """Say how often each real sample is seen.

    Args:
        batches: Batches of the stretch.
        slots: Their rows.
        synthetic: How many of these are synthetic.
        samples: Real samples that may come.
        added: How many of the rows were added to the batches.

    Returns:
        One line.
    """
    own = slots - added
    real = min(own, slots - synthetic)
    text = (
        f"in {batches:,} batches, {synthetic:,} of {slots:,} rows are synthetic; each of the {samples:,} real "
        f"samples is seen {real / samples:.3g} times on average, without SynthAug {own / samples:.3g} times"
    )
    if added > synthetic:
        text += f", and {(added - synthetic) / samples:.3g} times once more, transformed, in the rows added"
    return text
