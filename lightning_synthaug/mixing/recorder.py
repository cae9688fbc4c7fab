"""Write the ledger of a run: what was planned, what of it was served, and why the rest was not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import Counts, say
from lightning_synthaug.filling.origin import versions
from lightning_synthaug.mixing.causes import Codes
from lightning_synthaug.mixing.ledgerfile import LedgerFile, ledger_path
from lightning_synthaug.plan import Plan, pack_bits, pack_integers
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["FORMAT", "MOST_BATCHES", "MOST_ROWS", "Recorder"]

#: Version of the ledger's layout.
FORMAT: Final = 1
#: Most that one line tells of, and seconds after which it is written all the same.
MOST_BATCHES, MOST_ROWS, _SECONDS = 256, 1 << 16, 10.0


class _Seen(NamedTuple):
    """A batch that is not written yet.

    Attributes:
        number: Batches before it.
        rows: Its rows.
        sources: Source planned for each synthetic one.
        codes: Why these are not what was planned; None: all are.
    """

    number: int
    rows: int
    sources: Int64Array
    codes: Codes | None


@final
class Recorder:
    """Write the part of one rank. It costs a batch some microseconds, and some hundred batches one short line.

    Lines: `plan` from which batch on which plan holds; `batches` for a stretch of them one bit for each synthetic slot
    that was planned, and a cause where it is 0; `made` what was asked of generators and what came of it; `end` after
    which batch the training stopped. A line of `batches` takes the place of what was written of its batches and later
    ones before: a resumed run goes on where its checkpoint is.

    Args:
        folder: Folder of the ledger; each rank has a file of its own there.
        rank: This rank.
        world: Ranks that share a global batch.
    """

    def __init__(self, folder: Path, *, rank: int, world: int) -> None:
        self.rank, self.world = rank, world
        self._file = LedgerFile(ledger_path(folder, rank))
        self._plan: Plan | None = None
        self._describe: Callable[[], dict[str, Any]] = dict
        self._counts: Mapping[str, Counts] = {}
        self._told = False
        self._seen: list[_Seen] = []
        self._rows = self._next = 0
        self._due = 0.0
        self._busy = False

    def begin(
        self, plan: Plan, describe: Callable[[], dict[str, Any]], counts: Mapping[str, Counts]
    ) -> None:
        """Get ready for a pass.

        Args:
            plan: The plan.
            describe: Describes it, and what the run depends on, in plain types; called where that is to be written.
            counts: Where it is counted what is made, by source.

        Raises:
            ConfigError: The file cannot be written (SA660).
        """
        self.flush()
        self._file.open()
        if plan is not self._plan:
            self._plan, self._told = plan, False
        self._describe, self._counts = describe, counts

    def batch(self, number: int, planned: Int64Array, codes: Codes | None) -> None:
        """Take note of a batch that is handed over.

        Args:
            number: Batches before it.
            planned: Source planned for each row. Shape `(n,)`.
            codes: Why rows are not what was planned; None: all are.
        """
        synthetic = planned.nonzero()[0]
        why = None if codes is None else codes[synthetic]
        self._seen.append(_Seen(number, planned.size, planned[synthetic], why))
        self._rows += planned.size
        full = len(self._seen) >= MOST_BATCHES or self._rows >= MOST_ROWS
        if full or time.monotonic() >= self._due:
            self.flush()

    def renumber(self, last: int, number: int) -> None:
        """Correct the number of the batch that was handed over last, if it is not written yet.

        Args:
            last: What it was said to be.
            number: What it is.
        """
        if self._seen and self._seen[-1].number == last:
            self._seen[-1] = self._seen[-1]._replace(number=number)

    def flush(self) -> None:
        """Write what is not written yet. May run in a signal handler, also amid itself."""
        if self._busy:
            return
        self._busy = True
        try:
            seen, self._seen, self._rows = self._seen, [], 0
            self._write([*self._batches(seen), *self._made()])
        finally:
            self._busy = False
            self._due = time.monotonic() + _SECONDS

    def pause(self) -> None:
        """Write what is not written yet, and let go of the file until the next pass."""
        self.flush()
        self._file.close()

    def close(self, done: int) -> None:
        """End the record.

        Args:
            done: Batches processed; a framework may have fetched more.
        """
        self.flush()
        if done < self._next:
            self._write([{"kind": "end", "batch": done}])
        self._file.close()

    def _batches(self, seen: list[_Seen]) -> list[dict[str, Any]]:
        """Write batches out, those in a row together."""
        lines: list[dict[str, Any]] = []
        begin = 0
        for i, one in enumerate(seen):
            if i + 1 < len(seen) and seen[i + 1].number == one.number + 1:
                continue
            lines += self._stretch(seen[begin : i + 1])
            begin = i + 1
        return lines

    def _stretch(self, seen: list[_Seen]) -> list[dict[str, Any]]:
        """Write consecutive batches out, after the plan where that was not told or the run went back."""
        first, lines = seen[0].number, []
        if not self._told or first < self._next:
            self._told = True
            lines.append(self._head(first))
        self._next = seen[-1].number + 1
        sources = np.concatenate([one.sources for one in seen])
        line: dict[str, Any] = {
            "kind": "batches",
            "first": first,
            "world": self.world,
            "rows": pack_integers(np.array([one.rows for one in seen])),
            "planned": pack_integers(np.array([one.sources.size for one in seen])),
        }
        if sources.size and sources.max() > 1:
            line["sources"] = pack_integers(sources)
        if any(one.codes is not None for one in seen):
            whole = [
                np.zeros(one.sources.size, np.int8) if one.codes is None else one.codes
                for one in seen
            ]
            codes = np.concatenate(whole)
            line["served"] = pack_bits(codes == 0)
            line["why"] = pack_integers(codes[codes != 0])
        return [*lines, line]

    def _head(self, first: int) -> dict[str, Any]:
        """Write the plan out: one rank in full, for all."""
        whole = self._describe()
        if self.rank:
            whole = {k: v for k, v in whole.items() if k == "fingerprint"}
        head = {"kind": "plan", "format": FORMAT, "batch": first, "rank": self.rank}
        return {**head, "world": self.world, "versions": versions(), "time": time.time(), **whole}

    def _made(self) -> list[dict[str, Any]]:
        """Write out what was made since the last time."""
        taken = {name: counts.take() for name, counts in self._counts.items()}
        made = {name: list(told) for name, told in taken.items() if told.asked or told.rejected}
        return [{"kind": "made", "sources": made}] if made else []

    def _write(self, lines: list[dict[str, Any]]) -> None:
        """Append lines; where that fails, training goes on without."""
        if not lines or self._file.lost:
            return
        try:
            self._file.append(lines)
        except (OSError, ConfigError) as error:
            self._file.lost = True
            say(f"the ledger {self._file.path} ends here: {error}")
