"""What the stream of a run depends on, for checkpoints: compared on resume, printed where it differs."""

from __future__ import annotations

import hashlib
from typing import Any

from lightning_synthaug.data import fingerprint
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.plan import PLAN_VERSION, Plan

__all__ = ["stream_fingerprint"]


def stream_fingerprint(mixture: Mixture, plan: Plan) -> dict[str, Any]:
    """Describe all that the stream of a run depends on, of plain types.

    Args:
        mixture: The recipe, applied to the dataset.
        plan: The compiled plan.

    Returns:
        Names and values; two runs with equal ones deliver equal streams.
    """
    recipe = mixture.recipe
    knots = repr(plan.scheduled.signature()).encode()
    sources = {
        name: source.fingerprint() if isinstance(source, Generator) else fingerprint(source)
        for name, source in recipe.sources.items()
    }
    return {
        "plan_version": PLAN_VERSION,
        "seed": plan.seed,
        "generation_seed": plan.generation_seed,
        "ratio": mixture.ratio,
        "schedule": hashlib.blake2b(knots, digest_size=16).hexdigest(),
        "sources": [
            f"{s.name}: weight {s.weight}, pool {s.pool}, reuse {s.reuse}" for s in plan.sources
        ],
        "generators": sources,
        "balance": str(recipe.balance),
        "label_map": str(recipe.label_map),
        "dataset": fingerprint(mixture.dataset),
        "samples": plan.epoch.samples,
        "global_batch": plan.epoch.batch_size,
        "epoch_slots": plan.epoch.slots,
        "shuffle": plan.shuffle if plan.order is None else plan.order.fingerprint(),
        "extra": plan.epoch.extra,
    }
