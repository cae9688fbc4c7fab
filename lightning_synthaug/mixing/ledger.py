"""The ledger of a run, read: what was planned, what of it was served, and which rows that were."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, final

import numpy as np

from lightning_synthaug.errors import ConfigError, PlanError, SynthAugError
from lightning_synthaug.filling import Counted, Counts
from lightning_synthaug.mixing.causes import Codes
from lightning_synthaug.mixing.ledgersums import Sums
from lightning_synthaug.mixing.ledgertrack import Head, Slots, Stretch, Track
from lightning_synthaug.plan import REAL, Plan, PlannedSlots, plan_from_state, rank_rows
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Ledger", "Witnessed"]

_FILE: Final = re.compile(r"ledger-(\d{1,6})\.jsonl")
#: The code of a row whose rank's file is not there.
UNKNOWN: Final = -1


class Witnessed(NamedTuple):
    """One global batch as it was.

    Attributes:
        number: Batches before it.
        planned: What was planned for each row, in the order of their slots.
        codes: 0 for a row served as planned, else the place of its cause in `CAUSES`, from 1; -1 where the rank that
            served it is not recorded. Shape `(n,)`.
        rank: The rank that served each row. Shape `(n,)`.
    """

    number: int
    planned: PlannedSlots
    codes: Codes
    rank: Int64Array

    @property
    def served(self) -> Int64Array:
        """Source served for each row; 0, real, where a stand-in was. Shape `(n,)`."""
        return np.where(self.codes == 0, self.planned.source, REAL)


@final
class Ledger:
    """What a run really saw, as its ranks wrote it down.

    Use `Ledger.read`.

    Args:
        tracks: The record of each rank.

    Attributes:
        damaged: Lines that are not as they were written, and were left out.
    """

    def __init__(self, tracks: Mapping[int, Track]) -> None:
        ranks = sorted(tracks)
        self._base = tracks[ranks[0]]
        others = {rank: tracks[rank] for rank in ranks[1:]}
        self._stretches = {ranks[0]: self._base.stretches} | {
            rank: list(self._together(rank, track)) for rank, track in others.items()
        }
        self._tracks = dict(tracks)
        self.damaged = sum(track.damaged for track in tracks.values())
        self._plan = lru_cache(maxsize=2)(_plan_of)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Ledger:
        """Read a ledger.

        Args:
            path: Its folder, or the file of one rank alone.

        Returns:
            What could be read of it: lines that are cut short or damaged are left out.

        Raises:
            ConfigError: There is none, or a later version of the package wrote it (SA661).
        """
        path = Path(path).expanduser()
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        named = {file: _FILE.fullmatch(file.name) for file in files}
        tracks = {int(m[1]): Track.read(file) for file, m in named.items() if m is not None}
        if not any(track.stretches or track.heads for track in tracks.values()):
            raise ConfigError(
                "SA661",
                "A ledger must be a folder with files ledger-0.jsonl, ledger-1.jsonl, ..., or one of these, got "
                f"{str(path)!r} without a line of one. Correct the path; a run writes one with `ledger=`.",
            )
        return cls(tracks)

    @property
    def heads(self) -> list[Head]:
        """The plans of the run, each from a batch on: one for each part of a run that was resumed."""
        return list(self._base.heads)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """The batches that are recorded: first, and after the last, of each span without a gap."""
        spans: list[tuple[int, int]] = []
        for stretch in self._base.stretches:
            if spans and spans[-1][1] == stretch.start:
                spans[-1] = (spans[-1][0], stretch.stop)
            else:
                spans.append((stretch.start, stretch.stop))
        return spans

    @property
    def worlds(self) -> list[int]:
        """How many ranks shared batches, ascending: one number, or several where runs went on with others."""
        return sorted({stretch.world for stretch in self._base.stretches})

    @property
    def absent(self) -> list[int]:
        """The ranks that shared batches and whose record is not there, ascending."""
        return [rank for rank in range(max(self.worlds, default=1)) if rank not in self._tracks]

    @property
    def made(self) -> dict[str, Counted]:
        """What was asked of each source's generator and what came of it, over all ranks; batches left out count too."""
        sums: dict[str, Counts] = {}
        for track in self._tracks.values():
            for name, counts in track.made.items():
                sums.setdefault(name, Counts()).add(counts.told())
        return {name: counts.told() for name, counts in sums.items()}

    def head(self, number: int) -> Head | None:
        """Return the plan of a batch; None where it is not recorded.

        Args:
            number: Batches before it.
        """
        heads = self._base.heads
        place = bisect_right(heads, number, key=lambda head: head.batch) - 1
        return None if place < 0 else heads[place]

    def slots(self, number: int, *, rank: int = 0) -> Slots | None:
        """Return the synthetic slots of one rank's share of a batch.

        Args:
            number: Batches before it.
            rank: The rank.

        Returns:
            The slots in order; None where the batch is not recorded.
        """
        stretch = _holding(self._stretches.get(rank, []), number)
        if stretch is None:
            return None
        place = number - stretch.start
        return stretch.slots().cut(place, place + 1)

    def world(self, number: int) -> int:
        """Return how many ranks shared a batch; 0 where it is not recorded.

        Args:
            number: Batches before it.
        """
        stretch = _holding(self._base.stretches, number)
        return 0 if stretch is None else stretch.world

    def served(self, number: int) -> Witnessed | None:
        """Replay a batch from its plan and the record.

        Args:
            number: Batches before it.

        Returns:
            The whole global batch; None where it is not recorded.

        Raises:
            PlanError: Its rows do not follow from what is recorded (SA664): a sampler or batch sampler of the user's
                own, or a stream, chose them, or the record is damaged.
        """
        head = self.head(number)
        if not self.world(number):
            return None
        plan = None if head is None else self._plan(head)
        if plan is None:
            raise _untold(number, "rows that a sampler or a stream of the user's own chose")
        try:
            planned = plan.batch(number)
        except (SynthAugError, ArithmeticError, ValueError, LookupError, MemoryError) as error:
            raise _untold(number, f"{type(error).__name__}: {error}") from error
        told = self.codes(number, planned.source)
        return None if told is None else Witnessed(number, planned, *told)

    def codes(self, number: int, source: Int64Array) -> tuple[Codes, Int64Array] | None:
        """Deal the synthetic slots of a batch out to its rows.

        Args:
            number: Batches before it.
            source: Source planned for each row of the global batch. Shape `(n,)`.

        Returns:
            `codes` and `rank` as in `Witnessed`; None where the batch is not recorded.

        Raises:
            PlanError: The record is of other slots (SA664).
        """
        world, synthetic = self.world(number), source != REAL
        if not world:
            return None
        codes = np.where(synthetic, UNKNOWN, 0).astype(np.int8)
        owner = np.full(source.size, UNKNOWN, np.int64)
        # A rank beyond the rows of a short last batch was given one again that another one had.
        for rank in (r for r in self._stretches if r < min(world, source.size)):
            rows = rank_rows(synthetic, rank, world)
            mine, slots = rows[synthetic[rows]], self.slots(number, rank=rank)
            if slots is None:
                continue
            same = np.array_equal(slots.sources, source[mine])
            if not same or slots.rows[0] != rows.size:
                raise _untold(number, "other slots than those of its plan")
            codes[mine], owner[rows] = slots.codes, rank
        return codes, owner

    def sums(self, first: int = 0, stop: int | None = None) -> Sums:
        """Sum batches up.

        Args:
            first: Number of the first.
            stop: Number after the last; None: all.

        Returns:
            Sums over those that are recorded.
        """
        told = Sums()
        for rank, stretches in self._stretches.items():
            for stretch in stretches:
                start = max(stretch.start, first)
                end = stretch.stop if stop is None else min(stretch.stop, stop)
                if start >= end:
                    continue
                slots = stretch.slots().cut(start - stretch.start, end - stretch.start)
                told.batches += end - start if rank == min(self._stretches) else 0
                head = self.head(start)
                told.add(() if head is None else head.names, slots)
        return told

    def _together(self, rank: int, track: Track) -> Iterator[Stretch]:
        """Keep what belongs to batches that the first rank recorded with so many ranks."""
        base = self._base.stretches
        for part in track.stretches:
            at = max(0, bisect_right(base, part.start, key=_start) - 1)
            while at < len(base) and base[at].start < part.stop:
                start, stop = max(base[at].start, part.start), min(base[at].stop, part.stop)
                if start < stop and rank < part.world == base[at].world:
                    yield replace(part, start=start, stop=stop)
                at += 1


def _start(stretch: Stretch) -> int:
    """Order stretches."""
    return stretch.start


def _holding(stretches: Sequence[Stretch], number: int) -> Stretch | None:
    """Find the stretch that a batch is in."""
    at = bisect_right(stretches, number, key=_start) - 1
    return stretches[at] if at >= 0 and number < stretches[at].stop else None


def _plan_of(head: Head) -> Plan | None:
    """Make the plan of a line again."""
    return plan_from_state(head.line.get("plan"))


def _untold(number: int, got: str) -> PlanError:
    """Make the error."""
    return PlanError(
        "SA664",
        f"The rows of batch {number} must follow from the plan in the ledger, got {got}. Sums and the synthetic slots "
        "of each batch are told all the same: `Ledger.sums`, `Ledger.slots`.",
    )
