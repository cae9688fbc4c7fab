"""A plan written down in plain types, and made again without the data that it was made for."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.plan.allocation import Balance, SourceSpec
from lightning_synthaug.plan.history import events_from_state, events_to_state
from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.packing import pack_integers, unpack_integers
from lightning_synthaug.plan.plan import PLAN_VERSION, Plan
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.sources import MAX_PERIOD

__all__ = ["plan_from_state", "plan_to_state"]

#: Most of whatever is allocated by its number: samples with labels, rows of a batch, samples of a pool, and parts;
#: and of batches, so that positions stay within 64 bits.
_LABELS: Final = 1 << 27
_BATCH: Final = 1 << 24
_POOL: Final = 1 << 28
_PARTS: Final = 1 << 16
_BATCHES: Final = 1 << 38


def plan_to_state(plan: Plan) -> dict[str, Any] | None:
    """Write down all that a plan depends on.

    Args:
        plan: The plan.

    Returns:
        Plain types; None where a user's own sampler orders the data, or there are too many labels to be kept.
    """
    (epoch, knots, sources), options = plan.__getstate__()
    if options["order"] is not None or epoch.samples > _LABELS:
        return None
    balance = options["balance"]
    return {
        "plan_version": PLAN_VERSION,
        "epoch": epoch.shape(),
        "schedule": [list(row) for row in knots.key()],
        "sources": [_source_to_state(source) for source in sources],
        "seed": options["seed"],
        "generation_seed": options["generation_seed"],
        "labels": _packed(options["labels"]),
        "balance": balance
        if isinstance(balance, str)
        else [[int(label), float(weight)] for label, weight in balance.items()],
        "shuffle": options["shuffle"],
        "history": events_to_state(options["history"]),
    }


def plan_from_state(state: object) -> Plan | None:
    """Make a plan again, trusting nothing: files travel between people.

    Args:
        state: What `plan_to_state` returned.

    Returns:
        An equal plan; None when it is not what this version of the package writes.
    """
    try:
        return _plan(state)
    except (SynthAugError, ArithmeticError, ValueError, TypeError, LookupError, MemoryError):
        return None


def _plan(state: object) -> Plan | None:
    """Make the plan, or fail in some way."""
    if not isinstance(state, dict) or state.get("plan_version") != PLAN_VERSION:
        return None
    epoch, knots = Epoch.of_shape(state["epoch"]), Knots.of_key(state["schedule"])
    history = events_from_state(state["history"])
    shapes = [epoch, *(e.epoch for e in history if hasattr(e, "epoch"))]
    sources = [_source_from_state(source) for source in state["sources"]]
    labels, balance = state["labels"], _balance(state["balance"])
    codes = None if labels is None else unpack_integers(labels, most=_LABELS)
    seeds = state["seed"], state["generation_seed"]
    fits = (
        epoch is not None
        and knots is not None
        and all(s is not None and s.batch_size + s.extra <= _BATCH for s in shapes)
        and all(s is not None and s.samples <= _LABELS for s in shapes)
        and all(source is not None for source in sources)
        and 0 < sum(source.weight for source in sources if source is not None) <= MAX_PERIOD
        and max(len(knots.positions()), len(history), len(sources)) <= _PARTS
        and all(event.batch <= _BATCHES for event in history)
        and (labels is None) == (codes is None)
        and balance is not None
        and all(type(seed) is int for seed in seeds)
        and type(state["shuffle"]) is bool
    )
    if not fits:
        return None
    assert epoch is not None
    assert knots is not None
    assert balance is not None
    return Plan(
        epoch,
        knots,
        [source for source in sources if source is not None],
        seed=seeds[0],
        generation_seed=seeds[1],
        labels=codes,
        balance=balance,
        shuffle=state["shuffle"],
        history=history,
    )


def _source_to_state(source: SourceSpec) -> dict[str, Any]:
    """Write down a source."""
    return {
        "name": source.name,
        "weight": source.weight,
        "pool": source.pool,
        "reuse": source.reuse,
        "labels": None if source.labels is None else sorted(map(int, source.labels)),
        "items": _packed(source.items),
    }


def _source_from_state(state: object) -> SourceSpec | None:
    """Read a source."""
    match state:
        case {
            "name": str(name),
            "weight": int(weight),
            "pool": int() | None as pool,
            "reuse": int() | None as reuse,
            "labels": list() | None as labels,
            "items": items,
        }:
            if not all(1 <= n <= _POOL for n in (weight, pool, reuse) if n is not None):
                return None
            if labels is not None and not all(type(label) is int for label in labels):
                return None
            given = None if items is None else unpack_integers(items, most=_LABELS)
            if (items is None) != (given is None) or (given is not None and not given.size):
                return None
            can = None if labels is None else frozenset(labels)
            return SourceSpec(name, weight, pool, reuse, can, given)
    return None


def _balance(state: object) -> Balance | None:
    """Read a balance."""
    if state == "proportional":
        return "proportional"
    if state == "uniform":
        return "uniform"
    weights: dict[int, float] = {}
    for pair in state if isinstance(state, list) else [None]:
        match pair:
            case [int(label), float(weight)]:
                weights[label] = weight
            case _:
                return None
    return weights


def _packed(values: Int64Array | None) -> list[str | int] | None:
    """Pack integers, if there are any."""
    return None if values is None else pack_integers(np.asarray(values, np.int64))
