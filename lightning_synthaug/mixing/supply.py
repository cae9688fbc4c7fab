"""The samples that batches need: found, made ahead of an epoch, waited for."""

from __future__ import annotations

import time
from typing import final

import numpy as np

from lightning_synthaug.errors import FillError
from lightning_synthaug.filling import Need, Turns, say, wanted_of
from lightning_synthaug.mixing.blocks import Blocks, ReadyBlock
from lightning_synthaug.mixing.errands import Errand
from lightning_synthaug.mixing.following import Following
from lightning_synthaug.mixing.insisting import insist, nobody_makes
from lightning_synthaug.mixing.lookahead import LookAhead
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.producing import look_ahead
from lightning_synthaug.mixing.replay import Replay
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
        self._following = Following(self._blocks)
        self._replay: Replay | None = None
        self._ahead: LookAhead | None = None
        self._news = False
        self._made = 0

    def made(self) -> int:
        """Return the samples made since the last time that this was asked."""
        made, self._made = self._made, 0
        return made if self._ahead is None else made + self._ahead.made()

    def replay(self, replay: Replay) -> None:
        """Serve what an earlier run served.

        Args:
            replay: What that was.
        """
        self._replay = self._blocks.replay = replay

    def begin(self, plan: AnyPlan, first: int, end: int, ends: int | None) -> None:
        """Get ready for a pass: have made what it needs, or begin to have it made beside it.

        Args:
            plan: The plan.
            first: Batches before the pass.
            end: Batches before its end.
            ends: Batches before the end of what is planned; None: no end is known.

        Raises:
            FillError: The rank that fills has failed or is gone.
        """
        mixture = self._mixture
        if mixture.is_generated.any():
            mixture.store.refresh()
        if mixture.recipe.fill != "background" or not mixture.is_generated.any():
            self.fill(plan, first, end)
            return
        self._blocks.clear()
        if self._leader and self._world > 1:
            self._take_damaged()
        if self._ahead is None:
            self._ahead = look_ahead(mixture, leader=self._leader, world=self._world)
            mixture.running.callback(self._stop)
        if self._leader:
            self._check_budget(plan, plan.slot(first), plan.slot(end))
            mixture.limits.strict = False
            for source in mixture.generated:  # with what the last pass had made
                source.memory.write(source.places)
        self._ahead.begin(plan, first, ends)

    def errand(self) -> Errand | None:
        """Return what whoever reads the next batch shall do besides; None for nothing."""
        return None if self._ahead is None else self._ahead.errand()

    def listen(self) -> None:
        """Let producers go on between batches."""
        if self._ahead is not None:
            self._ahead.listen()

    def _stop(self) -> None:
        """Forget producers that are ended."""
        self._ahead = None

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
        recipe, generated = mixture.recipe, mixture.generated
        turns = Turns(mixture.folder, " ".join(recipe.sources))
        ahead = self._leader and bool(generated) and recipe.fill == "ahead"
        made, known = self._made, [len(source.places) for source in generated]
        if self._leader and self._world > 1:
            self._take_damaged()
        if ahead:
            self._check_budget(plan, start, stop)
        with watched(turns, leader=ahead, world=self._world):
            lacking = [s for s in generated if not s.memory.has_all(plan, s.places)]
            needs = [source.needs for source in lacking]
            if self._replay is None:
                wanted = wanted_of(needs, plan, start, stop)
            else:
                wanted = [self._replay.wanted(plan, each, first, end) for each in needs]
            for source, asked in zip(lacking, wanted, strict=True):
                self._made += settle(
                    source,
                    asked,
                    turns=turns,
                    fill=recipe.fill,
                    leader=self._leader,
                    limits=mixture.limits,
                )
                if self._leader:
                    source.memory.write(source.places)
        mixture.limits.strict = False
        if self._made > made or known != [len(source.places) for source in generated]:
            self._blocks.clear()

    def _check_budget(self, plan: AnyPlan, start: int, stop: int) -> None:
        """Hold what the first epoch needs against what may be made."""
        mixture = self._mixture
        if mixture.recipe.budget is None or not mixture.limits.strict:
            return
        wanted = wanted_of([source.needs for source in mixture.generated], plan, start, stop)
        needs = [
            Need(len(source.look_up(asked)), source.needs.generator.price)
            for source, asked in zip(mixture.generated, wanted, strict=True)
        ]
        mixture.limits.check(needs)

    def complete(self, plan: AnyPlan, number: int) -> ReadyBlock:
        """Find a batch's samples; under `on_miss` other than "real", do not go on without them.

        Args:
            plan: The plan.
            number: Batches before the batch.

        Returns:
            The block that holds it, ready.

        Raises:
            FillError: Samples are missing under `on_miss="error"` (SA504), or nobody makes what is waited for (SA524).
        """
        recipe = self._mixture.recipe
        block = self._look(plan, number)
        lacking = 0 if recipe.on_miss == "real" else self._lacking(number, block)
        if lacking and self._leader and recipe.fill != "background":
            # Found damaged since the epoch began: what this process fills, it makes again.
            self.fill(plan, number, number + 1)
            block = self._blocks.of(plan, number)
            lacking = self._lacking(number, block)
        if recipe.on_miss == "error":
            self._insist(plan, number, block)
        elif lacking and self._leader and recipe.fill == "ahead":
            raise nobody_makes(self._mixture, number, lacking)
        said = -_WORD if self._ahead is None else time.monotonic()
        while lacking:
            if time.monotonic() - said >= _WORD:
                said = time.monotonic()
                say(
                    f"waiting for {lacking} samples that another process shall put into {recipe.cache_folder()}"
                )
            if (errand := self.errand()) is not None:
                errand.run(self._mixture.adapter)  # no worker gets a batch meanwhile
            time.sleep(_LOOK)
            block = self._blocks.again(self._look(plan, number), number, in_store=True)
            lacking = self._lacking(number, block)
        if self._replay is not None:
            self._replay.check_batch(number, block.matrix[4, slice(*block.span(number))])
        return block

    def _insist(self, plan: AnyPlan, number: int, block: ReadyBlock) -> None:
        """Refuse a batch that is not complete; what the run that is replayed did without is no loss."""
        batch = slice(*block.span(number))
        codes = block.codes(batch)
        if codes is None:
            return
        if self._replay is not None:
            codes = np.where(block.lacking(batch), codes, 0).astype(np.int8)
        insist(
            self._mixture,
            plan,
            number,
            block.planned.where(np.arange(batch.start, batch.stop)),
            codes,
        )

    def _look(self, plan: AnyPlan, number: int) -> ReadyBlock:
        """Return the block of a batch, with what producers made meanwhile."""
        recipe, ahead = self._mixture.recipe, self._ahead
        block = self._blocks.of(plan, number)
        if ahead is not None:
            lacking = bool(self._lacking(number, block))
            self._news = ahead.advance(number, lacking=lacking) or self._news
            if ahead.lost is not None and (
                recipe.on_producer_failure == "error" or recipe.on_miss == "wait"
            ):
                raise FillError(
                    "SA507",
                    "A producer must go on under "
                    f"on_producer_failure={recipe.on_producer_failure!r} and on_miss={recipe.on_miss!r}, got: "
                    f"{ahead.lost}. Mend the cause and resume; or let real samples stand in for what is missing "
                    '(on_producer_failure="continue", on_miss="real").',
                )
            # What came since is looked for where a batch lacks something, then for all that follow it.
            if self._news and lacking:
                self._news = False
                block = self._blocks.again(block, number, in_store=False)
            if not self._leader and self._lacking(number, block):
                block = self._following.look(block, number)
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
        if not block.lacks:
            return 0
        batch = slice(*block.span(number))
        return int(np.count_nonzero(block.lacking(batch)))

    def _take_damaged(self) -> None:
        """Take out of the store what other ranks found damaged."""
        for source in self._mixture.generated:
            source.forget_told(Turns(self._mixture.folder, source.name).take_damaged())
