"""What courses share whose position is counted in rows: a plan for a clock, held against that of a checkpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast, final

from lightning_synthaug.errors import PlanError
from lightning_synthaug.mixing.course import DAMAGED, KEPT, kept_stream, mismatch_error
from lightning_synthaug.mixing.fingerprint import stream_fingerprint
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.plan import (
    Clock,
    Epoch,
    Plan,
    SourceChange,
    events_from_state,
    events_to_state,
)

__all__ = ["RowClock", "RowCourse"]

#: Servings within which no synthetic sample comes twice. Fixed: batches may vary, and the plan must not.
_WINDOW = 64


@final
@dataclass(frozen=True)
class RowClock:
    """What turns a time into a position, where global batches vary in size.

    Args:
        rows: Rows of `batches` global batches, >= 1.
        total: Batches of the whole run, or None when not known.
        length: Batches of an epoch, or None when not known.
        batches: How many batches have so many rows together, >= 1.
    """

    rows: int
    total: int | None
    length: int | None
    batches: int = 1

    @property
    def total_slots(self) -> int | None:
        """Rows of the whole run, or None when not known."""
        return None if self.total is None else self.slot_of_batch(self.total)

    @property
    def epoch_slots(self) -> int:
        """Rows of an epoch.

        Raises:
            PlanError: The stream does not tell its length (SA646).
        """
        if self.length is None:
            raise PlanError(
                "SA646",
                'The length of an epoch must be known for a time in epochs, got "ep" in a schedule and a stream '
                'without a length. Use batches ("2000ba") or percent, or set `limit_train_batches` of the trainer.',
            )
        return self.slot_of_batch(self.length)

    def slot_of_batch(self, batches: int) -> int:
        """Return the rows before a batch.

        Args:
            batches: Batches before it.
        """
        return batches * self.rows // self.batches


class RowCourse(ABC):
    """Compile the plan of a run whose batches vary in size, from its first batch or from a checkpoint.

    Args:
        on_mismatch: What to do where a checkpoint describes another stream: `"error"`, `"rescale"` or `"keep"`.
        tell: Tells the user a line; None: nothing is told, since another rank does.
    """

    def __init__(self, on_mismatch: str, *, tell: Callable[[str], None] | None) -> None:
        self._tell = tell or (lambda _: None)
        self._on_mismatch = on_mismatch
        #: Whether from the checkpoint's position on the stream is another one.
        self._anew = False
        self._restored: dict[str, Any] | None = None
        self._key: object = None
        self._plan: Plan | None = None
        self._fingerprint: dict[str, Any] = {}
        self._events: tuple[SourceChange, ...] = ()

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

    def record(self, event: SourceChange) -> None:
        """Take an event into the history; the next plan is made with it.

        Args:
            event: What happened, at the batch that the next plan begins with.
        """
        self._events = (*self._events, event)

    def state(self, done: int) -> dict[str, Any]:
        """Return what a checkpoint must hold: plain types; no I/O, no lock (it may run in a signal handler).

        Args:
            done: Batches processed so far.
        """
        plan, place = self._plan, self._place_at(done)
        if plan is None or place is None or self._restored is not None:
            return dict(self._restored or {})
        return {
            "fingerprint": dict(self._fingerprint),
            "schedule": [list(row) for row in plan.scheduled.key()],
            **({"history": events_to_state(self._events)} if self._events else {}),
            **place,
        }

    @abstractmethod
    def _place_at(self, done: int) -> dict[str, Any] | None:
        """Write down a position, as `_take` reads it; None while there is none."""

    @abstractmethod
    def _take(self, restored: Mapping[str, Any]) -> str | None:
        """Take over a checkpoint's position, trusting nothing.

        Returns:
            Where that is, in words; None where it is not what this package writes.
        """

    @abstractmethod
    def _told(self, fingerprint: dict[str, Any]) -> dict[str, Any]:
        """Turn the fingerprint of a plan into that of this stream."""

    def _planned(self, mixture: Mixture, clock: Callable[[], RowClock]) -> Plan:
        """Return the plan, after a checkpoint's or anew; the same object as long as nothing has changed.

        Args:
            mixture: The recipe, applied to a dataset.
            clock: Makes the clock, once the position is known.

        Raises:
            ResumeMismatch: The checkpoint describes another stream.
            PlanError: The checkpoint's state is not what this package writes.
        """
        restored, self._restored = self._restored, None
        if not restored:
            return self._compile(mixture, clock())
        try:
            saved, where = restored.get("fingerprint"), self._take(restored)
            if where is None or not isinstance(saved, dict):
                raise PlanError("SA110", DAMAGED.format(str(restored)[:300]))
            events = events_from_state(restored.get("history", []))
            self._events = tuple(e for e in events if isinstance(e, SourceChange))
            return self._resume(saved, restored.get("schedule"), where, mixture, clock)
        except BaseException:
            # What is saved from now on is still the checkpoint's.
            self._restored, self._plan = restored, None
            raise

    def _compile(self, mixture: Mixture, clock: RowClock) -> Plan:
        """Compile, unless that was done."""
        key = (id(mixture), mixture.ratio, mixture.recipe.seed, clock, self._events)
        if self._plan is None or key != self._key:
            self._plan = mixture.compile(
                Epoch(len(mixture.dataset), _WINDOW),
                None,
                shuffle=False,
                history=self._events,
                clock=cast(Clock, clock),
            )
            self._key = key
            self._fingerprint = self._told(stream_fingerprint(mixture, self._plan))
        return self._plan

    def _resume(
        self,
        saved: Mapping[str, Any],
        schedule: object,
        where: str,
        mixture: Mixture,
        clock: Callable[[], RowClock],
    ) -> Plan:
        """Hold a checkpoint's stream against that of the configuration."""
        plan = self._compile(mixture, clock())
        differing = [k for k, v in self._fingerprint.items() if saved.get(k) != v]
        if not differing:
            return plan
        names = ", ".join(differing)
        if self._on_mismatch == "rescale":
            self._tell(f"the checkpoint's stream ends at {where}: another {names}")
            self._anew = True
            if "generators" in differing:
                self._events = ()  # what has taken the place of a collapsed one gets the whole share
            return self._compile(mixture, clock())
        if self._on_mismatch == "keep" and set(differing) <= set(KEPT):
            self._tell(f"the checkpoint's {names} is kept; the configuration's is left out")
            mixture.keep(*kept_stream(saved, schedule))
            return self._compile(mixture, clock())
        raise mismatch_error(saved, self._fingerprint, differing, kept=self._on_mismatch == "keep")
