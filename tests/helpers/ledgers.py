"""Ledgers written by hand, batch by batch; and what any ledger tells of a run with traced samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lightning_synthaug.mixing import CAUSES, Ledger, Recorder, Totals
from lightning_synthaug.plan import (
    Breakpoint,
    Epoch,
    Knots,
    Plan,
    SourceSpec,
    plan_to_state,
    rank_rows,
)
from tests.helpers.traced import Sample

SIZE, BATCH = 45, 8


def plan_with(*names: str, ratio: float = 0.5, seed: int = 0, labels: Any = None) -> Plan:
    knots = Knots([Breakpoint(0, ratio, ratio)])
    sources = [SourceSpec(name, weight) for weight, name in enumerate(names or ("gan",), start=1)]
    return Plan(Epoch(SIZE, BATCH), knots, sources, seed=seed, labels=labels)


def told(plan: Plan) -> dict[str, Any]:
    """What is described of a run."""
    sources = [{"name": source.name} for source in plan.sources]
    return {"fingerprint": {"seed": plan.seed}, "sources": sources, "plan": plan_to_state(plan)}


class Writer:
    """The ranks of a run that decide by chance what is served; `codes` remembers it by batch and rank."""

    def __init__(self, folder: Path, plan: Plan, *, world: int = 1, seed: int = 0) -> None:
        self.plan, self.world = plan, world
        self.recorders = [Recorder(folder, rank=r, world=world) for r in range(world)]
        self.codes: dict[tuple[int, int], np.ndarray] = {}
        self._rng = np.random.default_rng(seed)
        for recorder in self.recorders:
            recorder.begin(plan, lambda: told(plan), {})

    def batches(self, first: int, stop: int, *, lost: float = 0.3) -> None:
        for number in range(first, stop):
            planned = self.plan.batch(number)
            for rank, recorder in enumerate(self.recorders):
                rows = rank_rows(planned.is_synthetic, rank, self.world)
                source = planned.source[rows]
                codes = self._rng.integers(1, 6, rows.size).astype(np.int8)
                codes[(source == 0) | (self._rng.random(rows.size) >= lost)] = 0
                recorder.batch(number, source, codes if codes.any() else None)
                self.codes[number, rank] = codes[source > 0]

    def close(self, done: int | None = None) -> None:
        for recorder in self.recorders:
            recorder.pause() if done is None else recorder.close(done)


def rows_of(ledger: Ledger, number: int, *, rank: int | None = None) -> list[Sample]:
    """Who was in a batch, replayed from the plan and the ledger alone."""
    witnessed = ledger.served(number)
    assert witnessed is not None
    planned = witnessed.planned
    rows = np.arange(len(planned)) if rank is None else np.flatnonzero(witnessed.rank == rank)
    served = witnessed.served
    index = np.where(
        served > 0, planned.index, np.where(planned.source > 0, planned.twin, planned.index)
    )
    columns = (served[rows].tolist(), planned.label[rows].tolist(), index[rows].tolist())
    return [*map(Sample, *columns)]


def agrees(ledger: Ledger, totals: Totals) -> bool:
    """Whether a ledger of one rank sums up to the totals of its run."""
    sums = ledger.sums()
    lost = {cause: sum(s.substituted[cause] for s in sums.sources.values()) for cause in CAUSES}
    told = [sums.rows, sum(s.planned for s in sums.sources.values())]
    told += [sum(s.served for s in sums.sources.values()), lost["starved"] + lost["damaged"]]
    told += [lost["rejected"], lost["unmakeable"], sum(lost.values()) - lost["unmakeable"]]
    return told == [
        totals.rows,
        totals.planned,
        totals.served,
        totals.starved,
        totals.rejected,
        totals.unmakeable,
        totals.misses,
    ]
