"""The course of a run: what its plan depends on besides the configuration, kept over resumes and reloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

from lightning_synthaug.errors import PlanError, ResumeMismatch
from lightning_synthaug.mixing.collapses import whole_again
from lightning_synthaug.mixing.exposure import exposure_text
from lightning_synthaug.mixing.fingerprint import stream_fingerprint
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.plan import (
    Epoch,
    Event,
    Knots,
    Plan,
    RealOrder,
    Reshape,
    SourceChange,
    events_from_state,
    events_to_state,
)

__all__ = ["DAMAGED", "KEPT", "Course", "kept_stream", "mismatch_error"]

#: What may change between two parts of a run: from there on the plan has another shape, which history remembers.
_SHAPE = ("samples", "global_batch", "epoch_slots")
#: What is said of a state that this package did not write.
DAMAGED = (
    "A checkpoint must hold the course of a run with a loader of this kind, got {}. It was saved with another kind (a "
    "plain one, one with a batch sampler, a stream), by another version, or is damaged. Start from another one, or a "
    "new run with ckpt_path=None."
)
#: What `on_mismatch="keep"` can take over from a checkpoint.
KEPT = ("seed", "generation_seed", "ratio", "schedule")


@final
class Course:
    """Compile the plan of a run, from its first batch or from a checkpoint.

    Args:
        on_mismatch: What to do where a checkpoint describes another stream: `"error"`, `"rescale"` or `"keep"`.
        tell: Tells the user a line; None: nothing is told, since another rank does.
    """

    def __init__(self, on_mismatch: str, *, tell: Callable[[str], None] | None) -> None:
        self._tell = tell or (lambda _: None)
        self._on_mismatch = on_mismatch
        self._restored: dict[str, Any] | None = None
        self._first: Epoch | None = None
        self._total: int | None = None
        self._events: tuple[Event, ...] = ()
        self._key: object = None
        self._plan: Plan | None = None
        self._fingerprint: dict[str, Any] | None = None

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from a checkpoint, once the next plan is asked for. Does nothing by itself.

        Args:
            state: What `state` returned; None to forget it.
        """
        self._restored = state

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold: plain types; no I/O, no lock (it may run in a signal handler)."""
        plan, fingerprint = self._plan, self._fingerprint
        if plan is None or fingerprint is None or self._first is None:
            return {} if self._restored is None else dict(self._restored)
        return {
            "fingerprint": dict(fingerprint),
            "first": self._first.shape(),
            "total": self._total,
            "schedule": [list(row) for row in plan.scheduled.key()],
            "history": events_to_state(self._events),
        }

    @property
    def changed(self) -> bool:
        """Whether a source is asked for less than its share, or will be once a checkpoint is gone on from."""
        return self._restored is not None or any(isinstance(e, SourceChange) for e in self._events)

    def record(self, event: SourceChange) -> None:
        """Take an event into the history; the next plan is made with it.

        Args:
            event: What happened, at the batch that the next plan begins with.
        """
        self._events = (*self._events, event)

    def plan(
        self,
        mixture: Mixture,
        epoch: Epoch,
        *,
        start: int,
        total_batches: int | None,
        shuffle: bool,
        order: RealOrder | None,
    ) -> Plan:
        """Return the plan; the same object as long as nothing has changed.

        Args:
            mixture: The recipe, applied to the dataset.
            epoch: Shape of an epoch from now on.
            start: Batches processed so far.
            total_batches: Batches of the whole run, or None when not known.
            shuffle: Whether real samples are shuffled.
            order: The order of the user's own sampler, or None.

        Returns:
            The plan.

        Raises:
            ResumeMismatch: The checkpoint describes another stream.
            PlanError: The checkpoint's state is not what this package writes.
        """
        begins = self._plan is None
        plan = self._planned(mixture, epoch, start, total_batches, shuffle, order)
        if begins:
            end = start + epoch.batches if total_batches is None else max(total_batches, start + 1)
            self._tell(exposure_text(plan, start, end))
        return plan

    def _planned(
        self,
        mixture: Mixture,
        epoch: Epoch,
        start: int,
        total_batches: int | None,
        shuffle: bool,
        order: RealOrder | None,
    ) -> Plan:
        """Return the plan, after a checkpoint's or anew."""
        restored, self._restored = self._restored, None
        if restored:
            try:
                return self._resume(restored, mixture, epoch, start, total_batches, shuffle, order)
            except BaseException:
                # What is saved from now on is still the checkpoint's.
                self._restored, self._plan, self._fingerprint = restored, None, None
                raise
        self._reshape(epoch, start)
        if not self._events:
            self._first = epoch
            self._total = None if total_batches is None else epoch.slot(total_batches)
        return self._compile(mixture, shuffle, order)

    def _reshape(self, epoch: Epoch, start: int) -> None:
        """Record that epochs have another shape from now on."""
        self._events = tuple(e for e in self._events if e.batch <= start)
        shapes = [e.epoch for e in self._events if isinstance(e, Reshape)]
        current = shapes[-1] if shapes else self._first
        if current is not None and start and not _alike(current, epoch):
            self._anchor(epoch, start)

    def _anchor(self, epoch: Epoch, start: int) -> None:
        """Begin a new stretch here: the real stream starts a new pass."""
        before = (e for e in self._events if not (isinstance(e, Reshape) and e.batch == start))
        self._events = (*before, Reshape(start, epoch))

    def _compile(self, mixture: Mixture, shuffle: bool, order: RealOrder | None) -> Plan:
        """Compile, unless that was done."""
        first = self._first
        assert first is not None
        key = (id(mixture), mixture.ratio, first, self._total, self._events, shuffle, id(order))
        if self._plan is None or key != self._key:
            self._plan = mixture.compile(
                first, self._total, shuffle=shuffle, order=order, history=self._events
            )
            self._key = key
            self._fingerprint = stream_fingerprint(mixture, self._plan)
        return self._plan

    def _resume(
        self,
        restored: Mapping[str, Any],
        mixture: Mixture,
        epoch: Epoch,
        start: int,
        total_batches: int | None,
        shuffle: bool,
        order: RealOrder | None,
    ) -> Plan:
        """Take over a checkpoint's course and hold its stream against that of the configuration."""
        saved = restored.get("fingerprint")
        first, total = Epoch.of_shape(restored.get("first")), restored.get("total")
        if not isinstance(saved, dict) or first is None or not isinstance(total, int | None):
            raise PlanError("SA110", DAMAGED.format(str(restored)[:300]))
        self._first, self._events = first, events_from_state(restored.get("history", []))
        count = len(self._events)
        self._reshape(epoch, start)
        reshaped = len(self._events) > count
        if self._events:
            self._total = total
        else:
            self._total = None if total_batches is None else epoch.slot(total_batches)
        plan = self._compile(mixture, shuffle, order)
        assert self._fingerprint is not None
        differing = [k for k, v in self._fingerprint.items() if saved.get(k) != v]
        if reshaped:
            self._tell(
                f"from batch {start} on the run has another shape: {epoch.samples} samples in global batches of "
                f"{epoch.batch_size}, before {saved.get('samples')} in {saved.get('global_batch')}; the data begin a "
                "new pass, the schedule goes on by samples seen"
            )
            longer = saved.get("samples") != epoch.samples
            differing = [
                k
                for k in differing
                if k not in _SHAPE and not (longer and k in ("dataset", "labels"))
            ]
        if not differing:
            return plan
        if self._on_mismatch == "rescale":
            self._tell(
                f"the checkpoint's stream ends at batch {start}: another {', '.join(differing)}"
            )
            self._anchor(epoch, start)
            if "generators" in differing:
                self._events += whole_again(plan, batch=start, slot=plan.slot(start))
            self._total = None if total_batches is None else plan.slot(total_batches)
            return self._compile(mixture, shuffle, order)
        if self._on_mismatch == "keep" and set(differing) <= set(KEPT):
            self._tell(
                f"the checkpoint's {', '.join(differing)} is kept; the configuration's is left out"
            )
            self._total = total
            mixture.keep(*kept_stream(saved, restored.get("schedule")))
            return self._compile(mixture, shuffle, order)
        raise mismatch_error(saved, self._fingerprint, differing, kept=self._on_mismatch == "keep")


def kept_stream(saved: Mapping[str, Any], schedule: object) -> tuple[int, int, str, Knots]:
    """Read what a checkpoint's stream is made of, trusting nothing.

    Args:
        saved: The checkpoint's fingerprint.
        schedule: Its compiled schedule.

    Returns:
        Run seed, generation seed, the ratio as it was written, and its schedule.

    Raises:
        PlanError: They are not what this package writes (SA110).
    """
    knots = Knots.of_key(schedule)
    match saved.get("seed"), saved.get("generation_seed"), saved.get("ratio"):
        case int(seed), int(generation_seed), str(ratio) if knots is not None:
            return seed, generation_seed, ratio, knots
    raise PlanError("SA110", DAMAGED.format(str(saved)[:300]))


def _alike(one: Epoch, other: Epoch) -> bool:
    """Tell whether two shapes plan alike; how many ranks share a batch does not matter."""
    same = ("samples", "batch_size", "drop_last", "extra", "slots")
    return all(getattr(one, name) == getattr(other, name) for name in same)


def mismatch_error(
    saved: Mapping[str, Any], present: Mapping[str, Any], differing: list[str], *, kept: bool
) -> ResumeMismatch:
    """Describe both sides.

    Args:
        saved: The checkpoint's fingerprint.
        present: That of the configuration.
        differing: Where they differ.
        kept: Whether the checkpoint's was to be kept.

    Returns:
        The error, to be raised.
    """
    lines = "\n".join(
        f"  {k}\n    checkpoint:    {saved.get(k)}\n    configuration: {present[k]}"
        for k in differing
    )
    can = ", ".join(KEPT)
    advice = (
        f'`on_mismatch="keep"` can keep {can} only.'
        if kept
        else 'Or pass `on_mismatch="rescale"`, to go on with the configuration from here, or "keep", to go on with '
        f"the checkpoint's {can}."
    )
    return ResumeMismatch(
        "SA116",
        f"The checkpoint and the configuration must describe the same stream, got differences:\n{lines}\n"
        f"Restore the configuration, or start a new run with ckpt_path=None. {advice}",
    )
