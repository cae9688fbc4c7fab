"""Settle what a source is asked for: one process of a node makes what the store lacks, the others wait for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Literal

from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.filling import Limits, Open, SourceFiller, Turns, say
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["settle", "watched"]

Fill = Literal["ahead", "background", "off"]


def watched(turns: Turns, *, leader: bool, world: int) -> contextlib.AbstractContextManager[None]:
    """Let waiting processes know that this one is at work, where there are any and it is its turn.

    Args:
        turns: The word between the processes of a node.
        leader: Whether this process makes samples.
        world: Processes that share batches.

    Returns:
        A context around all that is settled.
    """
    return turns.filling() if leader and world > 1 else contextlib.nullcontext()


def settle(
    source: SourceFiller,
    wanted: Int64Array,
    *,
    turns: Turns,
    fill: Fill,
    leader: bool,
    limits: Limits,
) -> int:
    """Look requests up, and have those made that the store lacks.

    Args:
        source: Whose requests.
        wanted: Their identities, distinct, >= 0.
        turns: The word between the processes of a node.
        fill: `"off"`: nothing is made.
        leader: Whether this process makes them; others wait.
        limits: What may be made.

    Returns:
        Samples made.

    Raises:
        FillError: The process that fills left word of an error, or is gone.
    """
    missing = source.look_up(wanted)
    if not missing or fill == "off":
        return 0
    if not leader:
        turns.wait(_remaining(source, missing))
        return 0
    with seeded_globals(0):  # the user's random states go on as if nothing had been made
        filled = source.fill(missing, limits=limits)
    if source.needs.watching.collapse is not None:
        Turns(source.store.folder, source.name).collapsed()
    if not source.needs.watching.halted and source.places.missing(wanted).size:
        turns.spent()
        if filled.put_off:
            say(
                f"{source.name!r} makes no more samples for now ({filled.reason}); the next epoch asks again"
            )
        else:
            limits.tell_spent()
    if filled.given_up:
        say(
            f"{filled.given_up:,} requests to {source.name!r} were given up (the last one: {filled.reason})"
        )
    return filled.generated


def _remaining(source: SourceFiller, missing: Sequence[Open]) -> Callable[[], int]:
    """Make a look at what another process makes; of what it stopped making, nothing remains."""
    look, turns = source.watch(missing), Turns(source.store.folder, source.name)
    stops = source.needs.watching.stops
    return lambda: (left := look()) and (0 if stops and turns.has_collapsed() else left)
