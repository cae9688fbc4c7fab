"""Evidence, sample by sample, that few are new: a sequential test with a known rate of false alarms."""

from __future__ import annotations

import math
from typing import Final, final

__all__ = ["Evidence"]

#: An alarm is given when the odds are e^20 to 1: once in about 10^8 samples by chance.
_ALARM: Final = 20.0
#: Share of what is usual that is still healthy, and what a collapse is taken to leave of that.
_HEALTHY, _COLLAPSED = 0.5, 0.25
#: Samples that tell what is usual.
_FIRST: Final = 64


@final
class Evidence:
    """Decide whether still at least half as many samples are new as in the beginning.

    The odds of two shares of new samples, that half and a quarter of it, are multiplied up; they
    begin anew whenever they favour the healthy one. As long as each sample is new with the chance of
    that half at least, whatever went before it, the mean number of samples until the first alarm is
    at least e^20.

    Args:
        floor: Share of new samples that is healthy at least, whatever was so in the beginning; 0 for
            none. In [0, 1).

    Attributes:
        seen: Samples so far.
        fresh: Those of them that were new.
        run: Samples since the odds began anew.
        run_fresh: Those of them that were new.

    Source:
        Page, "Continuous inspection schemes", Biometrika 41 (1954). For the rate of false alarms Lorden,
        "Procedures for reacting to a change in distribution", Annals of Mathematical Statistics 42
        (1971), and without a model Shin, Ramdas & Rinaldo, "E-detectors: a nonparametric framework for
        sequential change detection", New England Journal of Statistics in Data Science 2 (2024).

    Example:
        >>> evidence = Evidence()
        >>> any(evidence.add(True) for _ in range(1000))
        False
        >>> [evidence.add(False) for _ in range(100)].index(True)
        35
    """

    def __init__(self, floor: float = 0.0) -> None:
        self.floor = floor
        self.seen = self.fresh = self.run = self.run_fresh = 0
        self._odds = 0.0
        self._usual: float | None = None

    @property
    def usual(self) -> float:
        """Share of the first samples that were new, in [0, 1]."""
        return self.fresh / max(1, self.seen) if self._usual is None else self._usual

    def add(self, new: bool) -> bool:
        """Take one more sample into account.

        Args:
            new: Whether it is new.

        Returns:
            Whether there is an alarm.
        """
        self.seen += 1
        self.fresh += new
        if self.seen == _FIRST:
            self._usual = self.fresh / _FIRST
        least = max(self.floor, _HEALTHY * (self._usual or 0.0))
        if not least:
            return False  # nothing was ever new, and need not be
        share = math.log(_COLLAPSED if new else (1 - _COLLAPSED * least) / (1 - least))
        self._odds += share
        self.run += 1
        self.run_fresh += new
        if self._odds <= 0:
            self._odds, self.run, self.run_fresh = 0.0, 0, 0
        return self._odds >= _ALARM
