"""What the stream of a run depends on, for checkpoints: compared on resume, printed where it differs."""

from __future__ import annotations

import hashlib
from typing import Any

from lightning_synthaug.data import fingerprint
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan import PLAN_VERSION, Plan, as_schedule
from lightning_synthaug.store import PictureCodec

__all__ = ["stream_fingerprint"]


def stream_fingerprint(mixture: Mixture, plan: Plan) -> dict[str, Any]:
    """Describe all that the stream of a run depends on, of plain types.

    Args:
        mixture: The recipe, applied to the dataset.
        plan: The compiled plan.

    Returns:
        Names and values; two runs with equal ones deliver equal streams. Of a transform only the name, the
        probability and where it is applied are told: what it does is the user's code.
    """
    recipe = mixture.recipe
    knots = repr(plan.scheduled.signature()).encode()
    codec = PictureCodec.parse(recipe.codec)
    sources = {
        name: codec.identity(source.fingerprint())
        if isinstance(source, Generator)
        else fingerprint(source)
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
        "gates": {n: g for n in recipe.sources if (g := [_gate(g) for g in recipe.gates_of(n)])},
        "balance": str(recipe.balance),
        "label_map": str(recipe.label_map),
        "labels": _labels(mixture),
        "transform": _transform(recipe),
        "dataset": fingerprint(mixture.dataset),
        "samples": plan.epoch.samples,
        "global_batch": plan.epoch.batch_size,
        "epoch_slots": plan.epoch.slots,
        "shuffle": plan.shuffle if plan.order is None else plan.order.fingerprint(),
        "extra": plan.epoch.extra,
    }


def _gate(gate: Gate) -> str:
    """Identify a gate; what it is fitted on is the dataset."""
    return f"{gate.name or type(gate).__name__} {gate.fingerprint()}"


def _labels(mixture: Mixture) -> str:
    """Digest the labels that the user passed."""
    codes = None if mixture.recipe.labels is None else mixture.labels
    return "none" if codes is None else hashlib.blake2b(codes.tobytes(), digest_size=8).hexdigest()


def _transform(recipe: Recipe) -> str:
    """Name the transform, when it is drawn, and on what."""
    if recipe.transform is None:
        return "none"
    named: Any = recipe.transform
    if not hasattr(named, "__qualname__"):
        named = type(named)
    drawn = as_schedule(recipe.transform_p, argument="transform_p")
    return f"{named.__module__}.{named.__qualname__}, p {drawn}, on {recipe.transform_on}"
