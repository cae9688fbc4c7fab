"""What sources that have collapsed are still asked for, from the next pass on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from lightning_synthaug.filling import Turns, say
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.plan import AnyPlan, SourceChange

__all__ = ["Collapses", "whole_again"]

#: What is left of a source's share, by `on_collapse`.
_LEFT: Final = {"stop": 0.0, "lower": 0.5}


@final
class Collapses:
    """Turn what was noticed before a pass into events of the run.

    A rank learns of it at the beginning of a pass, from the process that fills for its node. Ranks need not agree: what
    is left out moves nothing else, and a rank that learns of it a pass later serves its own rows until then.

    Args:
        mixture: The sources.
        rank: This rank.
        leader: Whether this process fills the cache for its node.
    """

    def __init__(self, mixture: Mixture, *, rank: int, leader: bool) -> None:
        self._mixture, self._rank, self._leader = mixture, rank, leader
        self._begun = False

    def react(
        self,
        plan: AnyPlan | None,
        *,
        batch: int,
        record: Callable[[SourceChange], None],
        slot: int | None = None,
    ) -> bool:
        """Record what was noticed, at the beginning of a pass.

        Args:
            plan: The plan as it is; None before there is one.
            batch: First batch of the pass.
            record: Takes an event into the course of the run.
            slot: First global position of the pass; None: the plan knows.

        Returns:
            Whether there is an event, so that the pass has to be planned again.
        """
        begun, self._begun = self._begun, True
        left = _LEFT.get(self._mixture.recipe.on_collapse)
        if left is None:
            return False
        if not begun:
            self._forget()
        if plan is None or not begun:
            return False
        number = plan.knots.count(plan.slot(batch) if slot is None else slot)
        known = _lowered(plan)
        news = [
            (place, name)
            for place, name in enumerate(self._mixture.recipe.sources)
            if place not in known and self._has_collapsed(name)
        ]
        for place, name in news:
            record(SourceChange(batch, number, place, left))
            if self._rank == 0:
                what = "half of its share" if left else "nothing"
                say(
                    f"from batch {batch} on {name!r} is asked for {what}; real samples take the place"
                )
        return bool(news)

    def _has_collapsed(self, name: str) -> bool:
        """Tell whether a source has collapsed."""
        if not self._leader:
            return Turns(self._mixture.folder, name).has_collapsed()
        mine = (source for source in self._mixture.opened if source.name == name)
        return any(source.needs.watching.collapse is not None for source in mine)

    def _forget(self) -> None:
        """Remove what another run left word of."""
        for name in self._mixture.recipe.sources if self._leader else ():
            Turns(self._mixture.folder, name).forget_collapse()


def whole_again(plan: AnyPlan, *, batch: int, slot: int) -> tuple[SourceChange, ...]:
    """Give sources their whole share back: other generators have taken their place.

    Args:
        plan: The plan as it is.
        batch: From which batch on.
        slot: First global position of that batch.

    Returns:
        An event for each source that was stopped or lowered.
    """
    number = plan.knots.count(slot)
    return tuple(SourceChange(batch, number, source, 1.0) for source in sorted(_lowered(plan)))


def _lowered(plan: AnyPlan) -> set[int]:
    """List the places of sources that get less than their share."""
    left = {e.source: e.share for e in plan.history if isinstance(e, SourceChange)}
    return {source for source, share in left.items() if share < 1}
