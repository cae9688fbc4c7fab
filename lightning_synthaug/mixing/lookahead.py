"""Ask producers for what batches will need, what is needed first first, and never for what would come too late."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, final

from lightning_synthaug.filling import (
    UNKNOWN,
    Limits,
    Producer,
    Settled,
    SourceFiller,
    Turns,
    say,
)
from lightning_synthaug.filling.identity import split
from lightning_synthaug.generators.gates.watch import Collapse
from lightning_synthaug.mixing.errands import Errand, Errands
from lightning_synthaug.mixing.line import Line
from lightning_synthaug.mixing.needed import Need, Needed
from lightning_synthaug.plan import AnyPlan

__all__ = ["LookAhead"]

#: Planned synthetic samples looked at together, and before the first batch.
_CHUNK, _FIRST = 512, 4096
#: How far asking may be ahead of training: samples, and bytes of them.
_AHEAD, _AHEAD_BYTES = 1 << 15, 1 << 30
#: Versions in a row of a label, or of a twin, that one of several producers makes.
_BLOCK = 256
#: How many times longer than listening the time until the next time is, so that it costs training one per cent.
_TIMES: Final = 100.0


@final
class LookAhead:
    """What goes on between the batches of one process and its producers. Positions are counted in synthetic samples.

    Args:
        sources: The sources whose samples are made.
        producers: Who makes them; each owns blocks of 256 versions of a label. Without any, samples are looked for.
        waits: Whether batches wait for their samples, so that none comes too late.
        blank: Whether the store had nothing when the run began, so that only producers look there.
        limits: What may be made.
        errands: Keeps account of the real samples that producers wait for; None: of none.
    """

    def __init__(
        self,
        sources: Sequence[SourceFiller],
        producers: Sequence[Producer],
        *,
        waits: bool,
        blank: bool,
        limits: Limits,
        errands: Errands | None = None,
    ) -> None:
        self.sources = sources
        self._waits, self._limits = waits, limits
        self._errands = errands or Errands(None)
        self._needed = Needed(self.sources, blank=blank)
        self._made = self._bytes = 0
        self._spent = False
        self._cause: str | None = None
        # What was settled after it had been taken back, and may wait to be asked for again.
        self._strays: set[tuple[int, int]] = set()
        # Places of sources that nothing more is made with.
        self._halted: set[int] = set()
        # Real samples that producers wait for take room themselves.
        self._lines = [Line(p, grows=self._errands.box is None) for p in producers]
        self._next = 0.0

    def made(self) -> int:
        """Return the samples made since the last time that this was asked."""
        made, self._made = self._made, 0
        return made

    def errand(self) -> Errand | None:
        """Return what whoever reads the next batch shall do besides; None for nothing."""
        return self._errands.next()

    def begin(self, plan: AnyPlan, first: int, end: int | None) -> None:
        """Get ready for a pass.

        Args:
            plan: The plan.
            first: Batches before the pass.
            end: Batches before the end of what is planned; None: no end is known.
        """
        self._plan = plan
        self._begun = False
        self._strays.clear()
        self._errands.begin()
        self._position = self._frontier = plan.knots.count(plan.slot(first))
        self._end = None if end is None else plan.knots.count(plan.slot(end))
        for line in self._lines:
            line.needs.clear()
        self._waiting: set[tuple[int, int]] = set()
        while self._frontier < self._limit(_FIRST):
            self._scan()
        self._begun = True
        self._limits.start()
        self._ask()
        self._known = self._count()

    def advance(self, number: int, *, lacking: bool = False) -> bool:
        """Hear what was made, and ask for more.

        Args:
            number: Batches before the one that is read next.
            lacking: Whether that one lacks a sample, so that there is no better time to listen.

        Returns:
            Whether samples came since the last batch that were missing then.
        """
        self._position = self._plan.knots.count(self._plan.slot(number))
        self._next = 0.0 if lacking else self._next
        self.listen()
        before, self._known = self._known, self._count()
        return self._known > before

    def listen(self) -> None:
        """Hear what was made, and ask for more, unless that was done just now."""
        began = time.monotonic()
        if began < self._next:
            return
        for line in self._lines:
            for settled in line.producer.hear():
                self._hear(line, settled)
            while line.producer.collapsed:
                self._collapsed(*line.producer.collapsed.popitem())
        self._bury()
        self._frontier = max(self._frontier, self._position)
        short = all(len(line.needs) < _CHUNK for line in self._lines)
        if short and self._frontier < self._limit(_AHEAD):
            self._scan()
        self._ask()
        if self._spent:
            self._rest()
        now = time.monotonic()
        self._next = now + _TIMES * (now - began)

    def _count(self) -> int:
        """Count what is settled."""
        return sum(len(source.places) for source in self.sources)

    @property
    def producers(self) -> list[Producer]:
        """The producers that are there."""
        return [line.producer for line in self._lines]

    @property
    def lost(self) -> str | None:
        """Why a producer was given up; None while none was."""
        return self._cause

    def _hear(self, line: Line, settled: Settled) -> None:
        """Take note of what was made, and of how long it took."""
        source = self.sources[settled.source]
        # Where training was when each was asked for, and its first use.
        known = [mark for mark in settled.marks if mark is not None]
        if len(known) == len(settled.marks):  # what was asked for is settled by nobody else
            source.places.add(settled.identities, settled.places)
        else:
            unknown = source.places.find(settled.identities)[:, 0] == UNKNOWN
            source.places.add(settled.identities[unknown], settled.places[unknown])
            self._strays.update((settled.source, i) for i in settled.identities.tolist())
        told = zip(settled.identities.tolist(), settled.marks, strict=True)
        self._errands.settle(settled.source, (i for i, mark in told if mark is not None))
        source.counts.add(settled.counted)
        self._made += settled.counted.made
        self._bytes = settled.size or self._bytes
        if settled.counted.made:  # what was only found tells nothing of how long making takes
            count, price = settled.identities.size, source.needs.generator.price
            self._limits.count(settled.counted.made, cost=price * count)
            line.came(self._position, known, count)

    def _collapsed(self, place: int, collapse: Collapse) -> None:
        """Tell of a source that has collapsed; where it is to make nothing more, it is asked for nothing more."""
        source = self.sources[place]
        watching = source.needs.watching
        watching.hear(collapse)
        source.tell()
        Turns(source.store.folder, source.name).collapsed()
        if watching.halted and place not in self._halted:
            self._halted.add(place)
            for line in self._lines:
                self._take_back(line)

    def _bury(self) -> None:
        """Go on without producers that were given up."""
        lost = [p for p in self.producers if p.lost is not None]
        if not lost:
            return
        self._cause = lost[-1].lost
        for producer in lost:
            say(
                f"the producer on {producer.spec.device} is given up: {producer.lost}. Training goes on; where a "
                "sample is missing, a real one with its label stands in"
            )
        self._lines = [line for line in self._lines if line.producer.lost is None]
        for producer in lost:
            producer.close()
        # What the lost ones should have made is asked of the others.
        for line in self._lines:
            line.needs.clear()
        self._waiting.clear()
        self._frontier = self._position

    def _limit(self, most: int) -> int:
        """Return the number after the last sample that may be looked at."""
        each = max(1, self._bytes)
        limit = self._position + min(most, max(_CHUNK, _AHEAD_BYTES // each))
        return limit if self._end is None else min(limit, self._end)

    def _scan(self) -> None:
        """Find what the next planned samples lack."""
        first, last = self._frontier, min(self._frontier + _CHUNK, self._limit(_AHEAD))
        self._frontier = last
        places = range(len(self.sources))
        awaited = [[line.producer.awaits(place) for line in self._lines] for place in places]
        found = self._needed.find(self._plan, first, last, awaited, begun=self._begun)
        for need in found if self._lines else ():
            if need[:2] not in self._waiting and need.source not in self._halted:
                self._waiting.add(need[:2])
                self._lines[self._owner(need)].needs.append(need)

    def _owner(self, need: Need) -> int:
        """Say which producer makes a sample, without asking any."""
        group, number = split(need.identity)
        return (group + number // _BLOCK) % len(self._lines)

    def _ask(self) -> None:
        """Ask for what is needed next, as much as each producer has room for."""
        for line in self._lines:
            producer, needs = line.producer, line.needs
            if not self._waits and not self._skip(line):
                continue
            room = self._within_budget(line.room - producer.under_way)
            if producer.under_way and room < min(len(needs), line.room // 4):
                continue  # it is busy, and shall be asked in pieces worth a line
            batch = [needs.popleft() for _ in range(min(room, len(needs)))]
            self._waiting.difference_update(n[:2] for n in batch)
            batch = [n for n in batch if n[:2] not in self._strays]
            for place in sorted({n.source for n in batch}):
                here = self._position
                marks = {n.identity: (here, n.number) for n in batch if n.source == place}
                if not producer.under_way:
                    line.rests()
                producer.ask(place, marks)
                self._errands.ask(place, marks)

    def _within_budget(self, room: int) -> int:
        """Ask for no more than may still be made; once that is nothing, producers are not needed any more."""
        under_way = sum(producer.under_way for producer in self.producers)
        price = max(source.needs.generator.price for source in self.sources)
        left = self._limits.room(room + under_way, price=price) - under_way
        self._spent = left <= 0 and not under_way
        return min(room, left)

    def _rest(self) -> None:
        """End the producers where the budget is spent."""
        self._limits.tell_spent()
        for producer in self.producers:
            producer.close()
        self._lines = []
        if self._waits:
            self._cause = "the budget is spent"

    def _skip(self, line: Line) -> bool:
        """Leave out what would come too late; where all that is under way does, begin anew. Tells whether to ask."""
        if line.comes_late:
            self._take_back(line)
        left_out = line.skip(self._position)
        self._waiting.difference_update(n[:2] for n in left_out or ())
        return left_out is not None

    def _take_back(self, line: Line) -> None:
        """Take back what a producer was asked for, and what waits to be asked."""
        for place in range(len(self.sources)):
            self._errands.settle(place, line.producer.awaits(place))
        line.producer.forget()
        self._waiting.difference_update(n[:2] for n in line.needs)
        line.needs.clear()
        self._frontier = self._position  # all of it is found again
