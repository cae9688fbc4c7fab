"""What one rank wrote into a ledger, read line by line; a later line takes the place of what it overlaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import Counted, Counts
from lightning_synthaug.mixing.causes import CAUSES, Codes
from lightning_synthaug.mixing.ledgerfile import read_lines
from lightning_synthaug.mixing.recorder import FORMAT
from lightning_synthaug.plan import unpack_bits, unpack_integers
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Head", "Slots", "Stretch", "Track"]

#: Most batches of a line, rows of its batches, ranks, and batches of a run: whatever is claimed beyond is no line.
_BATCHES: Final = 1 << 12
_ROWS: Final = 1 << 26
_WORLD: Final = 1 << 20
_NUMBER: Final = 1 << 38


class Slots(NamedTuple):
    """The synthetic slots of some batches of one rank, in order.

    Attributes:
        sources: Source planned for each, from 1. Shape `(n,)`.
        codes: 0 where it was served, else why not. Shape `(n,)`.
        ends: Where each batch's slots end. Shape `(batches,)`.
        rows: Rows of each batch. Shape `(batches,)`.
    """

    sources: Int64Array
    codes: Codes
    ends: Int64Array
    rows: Int64Array

    def cut(self, first: int, stop: int) -> Slots:
        """Take some of the batches.

        Args:
            first: Place of the first one.
            stop: Place after the last.
        """
        begin = int(self.ends[first - 1]) if first else 0
        part = slice(begin, int(self.ends[stop - 1]) if stop else 0)
        ends = self.ends[first:stop] - begin
        return Slots(self.sources[part], self.codes[part], ends, self.rows[first:stop])


@final
@dataclass(frozen=True, eq=False)
class Stretch:
    """Consecutive batches of one line, as far as nothing later took their place.

    Attributes:
        first: Number of the line's first batch.
        start: First batch that counts.
        stop: Batch after the last one that counts.
        world: Ranks that shared the batches.
        line: The line.
    """

    first: int
    start: int
    stop: int
    world: int
    line: Mapping[str, Any]

    def slots(self) -> Slots:
        """Unpack what counts."""
        slots = _unpacked(self)
        assert slots is not None  # the line was read so before
        return slots.cut(self.start - self.first, self.stop - self.first)


@final
@dataclass(frozen=True, eq=False)
class Head:
    """A plan, from one batch on.

    Attributes:
        batch: The batch.
        fingerprint: What the stream depends on, as in checkpoints.
        names: Names of the sources.
        line: The line.
    """

    batch: int
    fingerprint: Mapping[str, Any]
    names: tuple[str, ...]
    line: Mapping[str, Any]


@final
@dataclass
class Track:
    """The record of one rank.

    Attributes:
        stretches: Batches in order, none twice.
        heads: Plans in order.
        made: What was made on this rank, by source.
        damaged: Lines that are not as they were written.
    """

    stretches: list[Stretch] = field(default_factory=list)
    heads: list[Head] = field(default_factory=list)
    made: dict[str, Counts] = field(default_factory=dict)
    damaged: int = 0

    @classmethod
    def read(cls, path: Path) -> Track:
        """Read a file.

        Args:
            path: The file.

        Returns:
            What could be read of it.

        Raises:
            ConfigError: It cannot be read, or a later version of the package wrote it (SA661).
        """
        track = cls()
        try:
            for line in read_lines(path):
                if line is None or not track._take(line, path):
                    track.damaged += 1
        except OSError as error:
            raise ConfigError(
                "SA661",
                f"A ledger must be readable, got {type(error).__name__}: {error}. Correct the path.",
            ) from error
        return track

    def _take(self, line: dict[str, Any], path: Path) -> bool:
        """Take a line in; False where it is none."""
        match line:
            case {"kind": "plan", "format": int(version)} if version > FORMAT:
                raise ConfigError(
                    "SA661",
                    f"A ledger must be of format {FORMAT} at most, got {version} in {str(path)!r}: a later version "
                    "of the package wrote it. Read it with that version.",
                )
            case {"kind": "plan", "batch": int(batch)} if 0 <= batch <= _NUMBER:
                self._leave(batch)
                self.heads = [head for head in self.heads if head.batch < batch]
                told = line.get("fingerprint")
                fingerprint = told if isinstance(told, dict) else {}
                self.heads.append(Head(batch, fingerprint, _names(line.get("sources")), line))
            case {"kind": "batches", "first": int(first), "world": int(world)}:
                if not (0 <= first <= _NUMBER and 1 <= world <= _WORLD):
                    return False
                stretch = Stretch(first, first, first, world, line)
                slots = _unpacked(stretch)
                if slots is None:
                    return False
                self._leave(first)
                self.stretches.append(replace(stretch, stop=first + slots.rows.size))
            case {"kind": "made", "sources": dict(sources)}:
                return all(self._add(str(name), told) for name, told in sources.items())
            case {"kind": "end", "batch": int(batch)}:
                self._leave(batch)
            case {"kind": str(kind)}:  # of a later version, that says more
                return kind not in ("plan", "batches", "made", "end")
            case _:
                return False
        return True

    def _leave(self, batch: int) -> None:
        """Forget batches from one on."""
        while self.stretches and self.stretches[-1].start >= batch:
            self.stretches.pop()
        if self.stretches and self.stretches[-1].stop > batch:
            self.stretches[-1] = replace(self.stretches[-1], stop=batch)

    def _add(self, name: str, told: object) -> bool:
        """Add what was made."""
        match told:
            case [int(asked), int(made), dict(rejected)] if all(
                isinstance(count, int) for count in rejected.values()
            ):
                self.made.setdefault(name, Counts()).add(Counted(asked, made, rejected))
                return True
        return False


@lru_cache(maxsize=16)
def _unpacked(stretch: Stretch) -> Slots | None:
    """Unpack a line; None where it is not what this package writes."""
    line = stretch.line
    rows = unpack_integers(line.get("rows"), most=_BATCHES)
    planned = unpack_integers(line.get("planned"), most=_BATCHES)
    if rows is None or planned is None or not rows.size or rows.size != planned.size:
        return None
    if planned.min() < 0 or (planned > rows).any() or rows.max() > _ROWS or rows.sum() > _ROWS:
        return None
    size = int(planned.sum())
    sources: Int64Array | None = np.ones(size, np.int64)
    if "sources" in line:
        sources = unpack_integers(line["sources"], most=size)
    codes = np.zeros(size, np.int8)
    if "served" in line:
        served = unpack_bits(line["served"], size=size)
        why = unpack_integers(line.get("why"), most=size)
        lost = None if served is None else ~served
        if lost is None or why is None or why.size != np.count_nonzero(lost):
            return None
        if why.size and not 1 <= why.min() <= why.max() <= len(CAUSES):
            return None
        codes[lost] = why
    if sources is None or sources.size != size or (size and sources.min() < 1):
        return None
    return Slots(sources, codes, np.cumsum(planned), rows)


def _names(told: object) -> tuple[str, ...]:
    """Read the names of the sources."""
    listed = told if isinstance(told, list) else []
    return tuple(str(one.get("name")) if isinstance(one, dict) else "?" for one in listed)
