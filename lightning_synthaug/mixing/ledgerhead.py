"""What a ledger says of a run before its batches: what it depends on, its sources, and its plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_synthaug.data import fingerprint
from lightning_synthaug.filling import Counts
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.recorder import Recorder
from lightning_synthaug.plan import Plan, plan_to_state

__all__ = ["counts_of", "described", "recorder_for"]


def described(mixture: Mixture, state: Mapping[str, Any], plan: Plan | None) -> dict[str, Any]:
    """Describe a run.

    Args:
        mixture: The recipe, applied to a dataset.
        state: What a checkpoint of the run holds.
        plan: The plan; None where the rows of a batch do not follow from it alone.

    Returns:
        Plain types: `fingerprint` as in checkpoints, `sources` with the provenance of each, `plan`.
    """
    sources = [
        {"name": name, "made_by": _made_by(source)}
        if isinstance(source, Generator)
        else {"name": name, "dataset": fingerprint(source)}
        for name, source in mixture.recipe.sources.items()
    ]
    written = None if plan is None else plan_to_state(plan)
    return {"fingerprint": state.get("fingerprint"), "sources": sources, "plan": written}


def counts_of(mixture: Mixture) -> dict[str, Counts]:
    """Return where it is counted what is made, by source.

    Args:
        mixture: The recipe, applied to a dataset.
    """
    generated = mixture.generated
    return {source.name: source.counts for source in generated}


def recorder_for(
    folder: Path, *, rank: int, world: int, process: int, processes: int
) -> Recorder | None:
    """Make the recorder of a process.

    Args:
        folder: Folder of the ledger.
        rank: Which share of the global batches the process reads.
        world: How many shares there are.
        process: Number of the process.
        processes: How many there are; several in a row read the same share where they share a model.

    Returns:
        The recorder; None where a process before this one records the same share.
    """
    first = process % max(1, processes // world) == 0
    return Recorder(folder, rank=rank, world=world) if first else None


def _made_by(source: Generator) -> object:
    """Ask a generator what it is, in plain types; what it says of itself must not end a run."""
    try:
        return json.loads(json.dumps(source.provenance(), default=str))
    except Exception as error:  # each class has its own ways
        return f"{type(error).__name__}: {error}"[:1000]
