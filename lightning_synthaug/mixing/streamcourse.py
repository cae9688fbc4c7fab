"""The course of a run over a stream: a position in rows, which no index tells, kept over resumes and reloads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast, final

from lightning_synthaug.errors import PlanError
from lightning_synthaug.mixing.course import DAMAGED, KEPT, kept_stream, mismatch_error
from lightning_synthaug.mixing.fingerprint import stream_fingerprint
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.plan import Clock, Epoch, Plan

__all__ = ["StreamClock", "StreamCourse"]

#: Servings within which no synthetic sample comes twice. Fixed: batches of a stream may vary, and the plan must not.
_WINDOW = 64
#: Batches whose position is remembered: more than any framework reads ahead.
_REMEMBERED = 256
#: What only an index has.
_INDEXED = ("dataset", "samples", "global_batch", "epoch_slots", "shuffle", "extra")


@final
class StreamClock:
    """What turns a time into a position, where batches are of about `rows` rows.

    Args:
        rows: Rows of a global batch, >= 1: those of the first one.
        total: Batches of the whole run, or None when not known.
        length: Batches of an epoch, or None when not known.
    """

    def __init__(self, rows: int, total: int | None, length: int | None) -> None:
        self._rows = rows
        self._length = length
        self.total_slots = None if total is None else total * rows

    @property
    def epoch_slots(self) -> int:
        """Rows of an epoch.

        Raises:
            PlanError: The stream does not tell its length (SA646).
        """
        if self._length is None:
            raise PlanError(
                "SA646",
                'The length of an epoch must be known for a time in epochs, got "ep" in a schedule and a stream '
                'without a length. Use batches ("2000ba") or percent, or set `limit_train_batches` of the trainer.',
            )
        return self._length * self._rows

    def slot_of_batch(self, batches: int) -> int:
        """Return the rows before a batch.

        Args:
            batches: Batches before it.
        """
        return batches * self._rows


@final
class StreamCourse:
    """Compile the plan of a run over a stream, and know how many rows went before each batch.

    Args:
        on_mismatch: What to do where a checkpoint describes another stream: `"error"`, `"rescale"` or `"keep"`.
        tell: Tells the user a line; None: nothing is told, since another rank does.
    """

    def __init__(self, on_mismatch: str, *, tell: Callable[[str], None] | None) -> None:
        self._tell = tell or (lambda _: None)
        self._on_mismatch = on_mismatch
        self._restored: dict[str, Any] | None = None
        self._base = (0, 0)
        self._rows: int | None = None
        self._ends: dict[int, int] = {}
        self._key: object = None
        self._plan: Plan | None = None
        self._fingerprint: dict[str, Any] = {}

    @property
    def begun(self) -> bool:
        """Whether there is a plan."""
        return self._plan is not None

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from a checkpoint, once the next plan is asked for. Does nothing by itself.

        Args:
            state: What `state` returned; None to forget it.
        """
        self._restored = state

    def state(self, done: int) -> dict[str, Any]:
        """Return what a checkpoint must hold: plain types; no I/O, no lock (it may run in a signal handler).

        Args:
            done: Batches processed so far.
        """
        plan = self._plan
        if plan is None or self._rows is None or self._restored is not None:
            return dict(self._restored or {})
        return {
            "fingerprint": dict(self._fingerprint),
            "schedule": [list(row) for row in plan.scheduled.key()],
            "stream": {"batches": done, "rows": self.position(done), "batch_rows": self._rows},
        }

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
            rows: Rows of the coming global batch, >= 1.
            total: Batches of the whole run, or None when not known.
            length: Batches of an epoch, or None when not known.

        Returns:
            The plan.

        Raises:
            ResumeMismatch: The checkpoint describes another stream.
            PlanError: The checkpoint's state is not what this package writes.
        """
        restored, self._restored = self._restored, None
        if not restored:
            self._rows = self._rows or rows
            return self._compile(mixture, total, length)
        try:
            return self._resume(restored, mixture, total, length)
        except BaseException:
            # What is saved from now on is still the checkpoint's.
            self._restored, self._plan = restored, None
            raise

    def _compile(self, mixture: Mixture, total: int | None, length: int | None) -> Plan:
        """Compile, unless that was done."""
        key = (id(mixture), mixture.ratio, self._rows, total, length)
        if self._plan is None or key != self._key:
            assert self._rows is not None
            self._key, clock = key, StreamClock(self._rows, total, length)
            self._plan = mixture.compile(
                Epoch(len(mixture.dataset), _WINDOW), None, shuffle=False, clock=cast(Clock, clock)
            )
            told = stream_fingerprint(mixture, self._plan)
            self._fingerprint = {k: v for k, v in told.items() if k not in _INDEXED}
        return self._plan

    def _resume(
        self, restored: dict[str, Any], mixture: Mixture, total: int | None, length: int | None
    ) -> Plan:
        """Take over a checkpoint's position and hold its stream against that of the configuration."""
        saved = restored.get("fingerprint")
        match restored.get("stream"):
            case {"batches": int(batches), "rows": int(rows), "batch_rows": int(size)} if (
                min(batches, rows) >= 0 and size > 0 and isinstance(saved, dict)
            ):
                self._base, self._rows, self._ends = (batches, rows), size, {}
            case _:
                raise PlanError("SA110", DAMAGED.format(str(restored)[:300]))
        plan = self._compile(mixture, total, length)
        differing = [k for k, v in self._fingerprint.items() if saved.get(k) != v]
        if not differing:
            return plan
        names = ", ".join(differing)
        if self._on_mismatch == "rescale":
            self._tell(f"the checkpoint's stream ends at row {self._base[1]}: another {names}")
            return plan
        if self._on_mismatch == "keep" and set(differing) <= set(KEPT):
            self._tell(f"the checkpoint's {names} is kept; the configuration's is left out")
            mixture.keep(*kept_stream(saved, restored.get("schedule")))
            return self._compile(mixture, total, length)
        raise mismatch_error(saved, self._fingerprint, differing, kept=self._on_mismatch == "keep")
