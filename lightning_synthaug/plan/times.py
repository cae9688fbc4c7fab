"""Moments of a run as strings: `"40%"` of training, `"5ep"` epochs, `"2000ba"` batches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from lightning_synthaug.errors import ConfigError, PlanError

__all__ = ["Clock", "Time", "parse_time"]

_PATTERN = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(%|ep|ba)\s*")
_HELP = 'Write "40%" (of training), "5ep" (epochs) or "2000ba" (batches).'


@final
@dataclass(frozen=True, slots=True)
class Clock:
    """What turns a time into a global sample position.

    Args:
        total_slots: Slots in the whole run, or None when the run has no known end.
        epoch_slots: Slots in one epoch, >= 1.
        slot_of_batch: Maps a number of batches to the slots before it.
    """

    total_slots: int | None
    epoch_slots: int
    slot_of_batch: Callable[[int], int]


@final
@dataclass(frozen=True, slots=True)
class Time:
    """A moment: a value and a unit.

    Args:
        value: How many, >= 0.
        unit: `"%"`, `"ep"` or `"ba"`.
    """

    value: Fraction
    unit: str

    def slot(self, clock: Clock) -> int:
        """Convert to a position in global samples.

        Args:
            clock: Lengths of the run.

        Returns:
            Position, >= 0.

        Raises:
            PlanError: A share of training was asked for and the run has no known end.
        """
        return self.after(0, clock)

    def after(self, begin: int, clock: Clock) -> int:
        """Convert to a length from a position on.

        Args:
            begin: Where the time begins, in global samples. Batches are counted from there: the last one of an epoch
                is shorter.
            clock: Lengths of the run.

        Returns:
            Global samples, >= 0.

        Raises:
            PlanError: As above.
        """
        if not self.value:
            return 0  # the beginning is known, also of a run without a known end
        if self.unit == "ep":
            return int(self.value * clock.epoch_slots)
        if self.unit == "ba":
            low, high = -1, begin  # the first batch at or after `begin`: each has one slot at least
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (
                    (low, middle) if clock.slot_of_batch(middle) >= begin else (middle, high)
                )
            return clock.slot_of_batch(high + int(self.value)) - begin
        if clock.total_slots is None:
            raise PlanError(
                "SA106",
                f'The length of training must be known for a time in percent, got "{float(self.value):g}%" in a run '
                "without a known end (`max_time` alone, no limit, or `max_steps` under manual optimization, where a "
                "batch may take any number of steps). Use epochs or batches in the schedule "
                '("5ep", "2000ba"), or say when '
                "it ends: `max_epochs` of the trainer, `max_steps` under automatic optimization, or `total_batches=` "
                "of `mix`.",
            )
        return int(self.value * clock.total_slots / 100)

    def __str__(self) -> str:
        """Write the time as the user would."""
        return f"{float(self.value):g}{self.unit}"


def parse_time(text: str, *, argument: str) -> Time:
    """Read a time.

    Args:
        text: For example `"40%"`.
        argument: Name of the argument it was given as, for the error.

    Returns:
        The time.

    Raises:
        ConfigError: The text is no time, is negative, or is a part of a batch.

    Example:
        >>> parse_time("2.5ep", argument="over")
        Time(value=Fraction(5, 2), unit='ep')
    """
    match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ConfigError(
            "SA104", f"`{argument}` must be a time with a known unit, got {text!r}. {_HELP}"
        )
    value = Fraction(match[1])
    if value < 0:
        raise ConfigError("SA104", f"`{argument}` must not be negative, got {text!r}. {_HELP}")
    if match[2] == "ba" and value.denominator != 1:
        raise ConfigError(
            "SA104", f"`{argument}` must be a whole number of batches, got {text!r}. {_HELP}"
        )
    return Time(value, match[2])
