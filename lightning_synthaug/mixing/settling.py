"""Settle what a source is asked for: one process of a node makes what the store lacks, the others wait for it."""

from __future__ import annotations

from pathlib import Path

from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.filling import SourceFiller, Turns, say
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["settle"]


def settle(
    source: SourceFiller,
    wanted: Int64Array,
    *,
    folder: Path,
    fill: str,
    leader: bool,
    world: int,
    totals: Totals,
) -> None:
    """Look requests up, and have those made that the store lacks.

    Args:
        source: Whose requests.
        wanted: Their identities, distinct, >= 0.
        folder: The store's folder.
        fill: `"ahead"`, or `"off"`: nothing is made.
        leader: Whether this process makes them; others wait.
        world: Processes that share batches.
        totals: Where what was made is counted.

    Raises:
        FillError: The process that fills left word of an error.
    """
    missing = source.look_up(wanted)
    if not missing or fill == "off":
        return
    turns = Turns(folder, source.name)
    if not leader:
        turns.wait(lambda: len(source.look_up(wanted)))
        return
    try:
        with seeded_globals(0):  # the user's random states go on as if nothing had been made
            filled = source.fill(missing)
    except BaseException as error:
        if world > 1:
            turns.failed(error)
        raise
    totals.generated += filled.generated
    if filled.given_up:
        say(
            f"{filled.given_up:,} requests to {source.name!r} were given up (the last one: {filled.reason}); "
            "real samples stand in for them"
        )
