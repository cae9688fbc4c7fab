"""What happened to a run that no seed can tell: short, of plain Python types, saved in checkpoints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.schedules import check_ratio

__all__ = [
    "Event",
    "RatioChange",
    "Reshape",
    "SourceChange",
    "events_from_state",
    "events_to_state",
]


@final
@dataclass(frozen=True, slots=True)
class RatioChange:
    """From a batch on the ratio is constant: an adaptive schedule, a collapse, a generator given up.

    Args:
        batch: First batch that it holds for.
        ratio: New ratio, in [0, 1].

    Raises:
        ConfigError: The ratio lies outside (SA101).
    """

    batch: int
    ratio: float

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_ratio(self.ratio, "ratio")


@final
@dataclass(frozen=True, slots=True)
class Reshape:
    """From a batch on epochs have another shape: the global batch size or the dataset's length changed.

    Args:
        batch: First batch that it holds for. The real stream starts a new pass there.
        epoch: The new shape.
    """

    batch: int
    epoch: Epoch


@final
@dataclass(frozen=True, slots=True)
class SourceChange:
    """From a sample on a source is asked for a part of its share: it has collapsed. Real samples take the place.

    Slots, labels and the samples of other sources stay as they were, so that ranks that learn of it at different times
    still agree on all but what is left out.

    Args:
        batch: First batch that it holds for.
        number: Synthetic samples of the run before that batch.
        source: Place of the source, from 0.
        share: What is left of its share, in [0, 1].

    Raises:
        ConfigError: The share lies outside (SA101).
    """

    batch: int
    number: int
    source: int
    share: float

    def __post_init__(self) -> None:
        """Check the arguments."""
        check_ratio(self.share, "share")


Event = RatioChange | Reshape | SourceChange


def events_to_state(events: Iterable[Event]) -> list[list[object]]:
    """Convert events to plain types for a checkpoint.

    Args:
        events: The events of a run, in order.

    Returns:
        Lists of strings and numbers.
    """
    state: list[list[object]] = []
    for event in events:
        if isinstance(event, RatioChange):
            state.append(["ratio", event.batch, event.ratio])
        elif isinstance(event, SourceChange):
            state.append(["source", event.batch, event.number, event.source, event.share])
        else:
            e = event.epoch
            state.append(["epoch", event.batch, *e.shape()])
    return state


def events_from_state(state: object) -> tuple[Event, ...]:
    """Read events back, trusting nothing: checkpoints travel between people.

    Args:
        state: What `events_to_state` returned.

    Returns:
        The events.

    Raises:
        PlanError: The state is not what this package writes.

    Example:
        >>> events_from_state([["ratio", 40, 0.25]])
        (RatioChange(batch=40, ratio=0.25),)
    """
    events: list[Event] = []
    last = 0
    for row in state if isinstance(state, (list, tuple)) else [state]:
        event = _read_event(row)
        if event is None or event.batch < last:
            raise PlanError(
                "SA110",
                f"A checkpoint's history must be a list of events in order, got {row!r}. The checkpoint is damaged or "
                "was written by a newer version; start from another one.",
            )
        last = event.batch
        events.append(event)
    return tuple(events)


def _read_event(row: object) -> Event | None:
    """Read one event, or nothing."""
    if isinstance(row, (list, tuple)) and any(isinstance(value, bool) for value in row[1:3]):
        return None  # Python counts True as 1
    match row:
        case ["ratio", int(batch), int() | float() as ratio] if 0 <= ratio <= 1:
            return RatioChange(batch, float(ratio))
        case ["source", int(batch), int(number), int(source), int() | float() as share] if (
            min(number, source) >= 0 and 0 <= share <= 1 and bool not in (type(source), type(share))
        ):
            return SourceChange(batch, number, source, float(share))
        case ["epoch", int(batch), *shape]:
            epoch = Epoch.of_shape(shape)
            return None if epoch is None else Reshape(batch, epoch)
    return None
