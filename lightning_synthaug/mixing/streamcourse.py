"""The course of a run over a stream: a position in rows, which no index tells, kept over resumes and reloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.rowcourse import RowClock, RowCourse
from lightning_synthaug.plan import Plan

__all__ = ["StreamCourse"]

#: Batches whose position is remembered: more than any framework reads ahead.
_REMEMBERED = 256
#: What only an index has.
_INDEXED = ("dataset", "samples", "global_batch", "epoch_slots", "shuffle", "extra")


@final
class StreamCourse(RowCourse):
    """Compile the plan of a run over a stream, and know how many rows went before each batch.

    Args:
        on_mismatch: What to do where a checkpoint describes another stream: `"error"`, `"rescale"` or `"keep"`.
        tell: Tells the user a line; None: nothing is told, since another rank does.
    """

    def __init__(self, on_mismatch: str, *, tell: Callable[[str], None] | None) -> None:
        super().__init__(on_mismatch, tell=tell)
        self._base = (0, 0)
        self._rows: int | None = None
        self._ends: dict[int, int] = {}

    def position(self, batch: int) -> int:
        """Return the rows before a batch, over all ranks.

        Args:
            batch: Batches before it. Where it was not seen, the rows of the batches between are estimated.
        """
        if batch - 1 in self._ends:
            return self._ends[batch - 1]
        batches, rows = self._base
        return max(0, rows + (batch - batches) * (self._rows or 0))

    def passed(self, batch: int, end: int) -> None:
        """Take note of where a batch ends.

        Args:
            batch: Batches before it.
            end: Rows before the next one, over all ranks.
        """
        self._ends[batch] = end
        self._ends.pop(batch - _REMEMBERED, None)

    def plan(self, mixture: Mixture, *, rows: int, total: int | None, length: int | None) -> Plan:
        """Return the plan; the same object as long as nothing has changed.

        Args:
            mixture: The recipe, applied to the rows displaced.
            rows: Rows of the coming global batch, >= 1; the first one sets the scale.
            total: Batches of the whole run, or None when not known.
            length: Batches of an epoch, or None when not known.

        Returns:
            The plan.

        Raises:
            ResumeMismatch: The checkpoint describes another stream.
            PlanError: The checkpoint's state is not what this package writes.
        """

        def clock() -> RowClock:
            self._rows = self._rows or rows
            return RowClock(self._rows, total, length)

        return self._planned(mixture, clock)

    def _place_at(self, done: int) -> dict[str, Any] | None:
        """Write down rows and batches."""
        if self._rows is None:
            return None
        place = {"batches": done, "rows": self.position(done), "batch_rows": self._rows}
        return {"stream": place}

    def _take(self, restored: Mapping[str, Any]) -> str | None:
        """Take over rows and batches."""
        match restored.get("stream"):
            case {"batches": int(batches), "rows": int(rows), "batch_rows": int(size)} if (
                min(batches, rows) >= 0 and size > 0
            ):
                self._base, self._rows, self._ends = (batches, rows), size, {}
                return f"row {rows}"
        return None

    def _told(self, fingerprint: dict[str, Any]) -> dict[str, Any]:
        """Leave out what a stream does not have."""
        return {k: v for k, v in fingerprint.items() if k not in _INDEXED}
