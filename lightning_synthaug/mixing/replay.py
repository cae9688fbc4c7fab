"""Serve a run again as its ledger tells: stand-ins where it had stand-ins, and what was planned everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import PlanError, ResumeMismatch
from lightning_synthaug.filling import GIVEN_UP, SourceNeeds
from lightning_synthaug.mixing.causes import REPLAYED, Codes
from lightning_synthaug.mixing.ledger import Ledger
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan import AnyPlan, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Replay", "not_replayable", "refuse_replay", "replaying"]


def replaying(recipe: Recipe) -> Recipe:
    """Set the options that a replay needs: samples are made ahead, and none that was served may be missing.

    Args:
        recipe: What the user asked for.

    Returns:
        The recipe; the same object where nothing is replayed.
    """
    if recipe.replay is None:
        return recipe
    if recipe.fill == "off":
        return replace(recipe, on_miss="error", on_collapse="off")
    device = recipe.device if isinstance(recipe.device, str) else recipe.device[0]
    return replace(recipe, fill="ahead", on_miss="error", on_collapse="off", device=device)


def refuse_replay(recipe: Recipe) -> None:
    """Refuse to replay batches whose rows do not follow from the plan.

    Args:
        recipe: What to mix.

    Raises:
        PlanError: It is to be replayed (SA663).
    """
    if recipe.replay is not None:
        raise not_replayable("a stream, or a loader with a batch sampler")


@final
class Replay:
    """What a ledger says of the batches of a run.

    Args:
        ledger: The ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        #: Number after the last batch that is recorded; later ones are served as planned.
        self.stop = ledger.spans[-1][1] if ledger.spans else 0

    def check_stream(self, present: Mapping[str, Any], start: int) -> None:
        """Refuse to replay another stream.

        Args:
            present: What the stream of this run depends on.
            start: Batches before its first one.

        Raises:
            ResumeMismatch: The ledger is of another stream (SA662).
        """
        head = self._ledger.head(start)
        told = {} if head is None else head.fingerprint
        differing = [name for name, value in present.items() if told.get(name) != value]
        if differing and start < self.stop:
            lines = "".join(
                f"  {name}\n    ledger:        {str(told.get(name))[:200]}\n    configuration: {present[name]}\n"
                for name in differing
            )
            raise ResumeMismatch(
                "SA662",
                f"`replay` and the configuration must describe the same stream, got differences:\n{lines}Restore the "
                "configuration of the run that wrote the ledger.",
            )

    def check_batch(self, number: int, shard: npt.NDArray[np.int64]) -> None:
        """Refuse to serve a batch in another way than it was served.

        Args:
            number: Batches before it.
            shard: Where the samples of its rows lie. Shape `(n,)`.

        Raises:
            PlanError: It is not recorded, or a sample that was served is not to be had any more (SA663).
        """
        if number >= self.stop:
            return
        if not self._ledger.world(number):
            raise not_replayable(f"no record of batch {number}")
        lost = int(np.count_nonzero(shard == GIVEN_UP))
        if lost:
            raise not_replayable(f"{lost} samples of batch {number} that are turned down now")

    def codes(self, block: PlannedSlots, first: int, bounds: list[int]) -> Codes:
        """Tell which rows had stand-ins, and why.

        Args:
            block: The rows of some batches.
            first: Number of the first.
            bounds: Where each begins in the block, and where the last one ends.

        Returns:
            A code for each row, 0 where it was served.

        Raises:
            PlanError: The record is of other slots (SA664), or a rank's is missing (SA663).
        """
        codes = np.zeros(len(block), np.int8)
        for number, (a, b) in enumerate(pairwise(bounds), start=first):
            told = self._ledger.codes(number, block.source[a:b])
            if told is not None:
                codes[a:b] = told[0]
        if (codes < 0).any():
            raise not_replayable(f"no record of the ranks {self._ledger.absent[:20]}")
        return codes

    def places(
        self, places: npt.NDArray[np.int64], codes: Codes, generated: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.int64]:
        """Take away the samples that were not served.

        Args:
            places: Where samples lie, (shard, row). Shape `(n, 2)`.
            codes: What `codes` returned.
            generated: Which rows are generated. Shape `(n,)`.

        Returns:
            Places, negative where a stand-in was.
        """
        gone = (codes > 0) & generated
        places[gone] = (REPLAYED - codes[gone].astype(np.int64))[:, None]
        return places

    def wanted(self, plan: AnyPlan, needs: SourceNeeds, first: int, end: int) -> Int64Array:
        """Collect what a stretch of batches asks a source for, without what was not served.

        Args:
            plan: The plan.
            needs: What the source is asked for.
            first: Batches before the stretch.
            end: Batches before its end.

        Returns:
            Distinct identities, first needed first.
        """
        seen = [np.empty(0, np.int64)]
        while first < end:
            begin, stop = plan.block_batches(first)
            block, last = plan.block(first), min(stop, end)
            bounds = [slot - block.start for slot in plan.bounds(begin, stop)]
            served = self.codes(block, begin, bounds) == 0
            rows = np.arange(bounds[first - begin], bounds[last - begin])
            rows = rows[served[rows] & (block.source[rows] == needs.number)]
            identities = needs.identities(block.where(rows))
            seen.append(identities[identities >= 0])
            first = last
        identities = np.concatenate(seen)
        distinct, first_use = np.unique(identities, return_index=True)
        ordered: Int64Array = distinct[np.argsort(first_use, kind="stable")]
        return ordered


def not_replayable(got: str) -> PlanError:
    """Make the error for what cannot be served as it was.

    Args:
        got: What stands against it.
    """
    return PlanError(
        "SA663",
        f"`replay` must find each batch and each sample as it was served, got {got}. Restore the ledger and the cache "
        "of that run, and use a map-style loader without a batch sampler of its own; or train without `replay`.",
    )
