"""The samples that batches need: found, made ahead of an epoch, waited for."""

from __future__ import annotations

import time
from typing import final

import numpy as np

from lightning_synthaug.errors import FillError
from lightning_synthaug.filling import UNKNOWN, Turns, say
from lightning_synthaug.mixing.blocks import Blocks, ReadyBlock
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.settling import settle, watched
from lightning_synthaug.plan import AnyPlan, PlannedSlots

__all__ = ["Supply"]

#: Seconds between looks of a batch that waits, and between its words.
_LOOK, _WORD = 0.2, 60.0


@final
class Supply:
    """Find the samples of planned batches, and have those made that are missing.

    Args:
        mixture: Sources, adapters and the store.
        leader: Whether this process fills the cache for its node.
        world: Ranks that share a global batch.
    """

    def __init__(self, mixture: Mixture, *, leader: bool, world: int) -> None:
        self._mixture = mixture
        self._leader = leader
        self._world = world
        self._blocks = Blocks(mixture)
        self._made = 0

    def made(self) -> int:
        """Return the samples made since the last time that this was asked."""
        made, self._made = self._made, 0
        return made

    def fill(self, plan: AnyPlan, first: int, end: int) -> None:
        """Settle what a stretch of batches needs: the leader makes it, the other ranks wait for it.

        Args:
            plan: The plan.
            first: Batches before the stretch.
            end: Batches before its end.

        Raises:
            FillError: The rank that fills has failed or is gone.
        """
        start, stop = plan.slot(first), plan.slot(end)
        mixture = self._mixture
        recipe, generated = mixture.recipe, mixture.generated if mixture.is_generated.any() else []
        turns = Turns(mixture.folder, " ".join(recipe.sources))
        ahead = self._leader and bool(generated) and recipe.fill == "ahead"
        with watched(turns, leader=ahead, world=self._world):
            for source in generated:
                if self._leader and self._world > 1:
                    source.forget_told(Turns(mixture.folder, source.name).take_damaged())
                if len(source.places) == plan.distinct(source.needs.number - 1):
                    continue
                wanted = source.needs.of_range(plan, start, stop)
                self._made += settle(
                    source, wanted, turns=turns, fill=recipe.fill, leader=self._leader
                )
        self._blocks.clear()

    def complete(self, plan: AnyPlan, number: int) -> ReadyBlock:
        """Find a batch's samples; under `on_miss` other than "real", do not go on without them.

        Args:
            plan: The plan.
            number: Batches before the batch.

        Returns:
            The block that holds it, ready.

        Raises:
            FillError: Samples are missing under `on_miss="error"` (SA504).
        """
        block = self._blocks.of(plan, number)
        recipe = self._mixture.recipe
        lacking = 0 if recipe.on_miss == "real" else self._lacking(number, block)
        if lacking and self._leader:
            # Found damaged since the epoch began: what this process fills, it makes again.
            self.fill(plan, number, number + 1)
            block = self._blocks.of(plan, number)
            lacking = self._lacking(number, block)
        if lacking and recipe.on_miss == "error":
            raise FillError(
                "SA504",
                f'Each planned sample must be in the cache under on_miss="error", got {lacking} missing in batch '
                f'{number} in {recipe.cache_folder()}. Fill it (fill="ahead"), or let real samples stand in '
                '(on_miss="real").',
            )
        said = -_WORD
        while lacking:
            if time.monotonic() - said >= _WORD:
                said = time.monotonic()
                say(
                    f"waiting for {lacking} samples that another process shall put into {recipe.cache_folder()}"
                )
            time.sleep(_LOOK)
            block = self._blocks.of(plan, number, look_again=True)
            lacking = self._lacking(number, block)
        return block

    def damaged(self, planned: PlannedSlots) -> None:
        """Have damaged samples made again when they are needed next.

        Args:
            planned: Their rows.
        """
        self._mixture.forget(planned, for_all=self._leader)
        self._blocks.clear()

    def _lacking(self, number: int, block: ReadyBlock) -> int:
        """Count a batch's rows whose sample may still come."""
        batch = slice(*block.span(number))
        generated = self._mixture.is_generated[block.planned.source[batch]]
        wanted = generated & (block.planned.index[batch] >= 0)
        return int(np.count_nonzero(wanted & (block.matrix[4, batch] == UNKNOWN)))
