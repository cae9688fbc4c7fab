"""How much may be made, in samples, time and money."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, final

from lightning_synthaug.errors import FillError
from lightning_synthaug.filling.telling import say

__all__ = ["Limits", "Need"]


class Need(NamedTuple):
    """What one source has to make.

    Attributes:
        samples: How many samples.
        price: What each costs.
    """

    samples: int
    price: float


@final
class Limits:
    """A budget that several sources share.

    Args:
        samples: Samples that may be made, >= 1, or None for any number.
        seconds: Seconds that may be spent on making them, > 0, or None.
        money: What they may cost, > 0, in the currency of the generators' prices, or None.
        strict: Whether what is needed now must be covered, as for the first epoch of a run.

    Example:
        >>> limits = Limits(10)
        >>> limits.room(8), limits.count(8), limits.room(8)
        (8, None, 2)
    """

    def __init__(
        self,
        samples: int | None = None,
        seconds: float | None = None,
        money: float | None = None,
        *,
        strict: bool = False,
    ) -> None:
        self._samples, self._seconds, self._money = samples, seconds, money
        self._since: float | None = None
        self.strict = strict
        self._told = False

    @classmethod
    def of_run(cls, budget: Mapping[str, float]) -> Limits:
        """Read the budget of a run, whose first epoch must be covered.

        Args:
            budget: Numbers under `"samples"`, `"hours"` and `"money"`, or some of these.
        """
        samples, hours = budget.get("samples"), budget.get("hours")
        return cls(
            None if samples is None else int(samples),
            None if hours is None else 3600 * hours,
            budget.get("money"),
            strict=True,
        )

    def start(self) -> None:
        """Let the clock run; nothing happens where it does."""
        self._since = time.monotonic() if self._since is None else self._since

    def stop(self) -> None:
        """Stop the clock."""
        self._seconds, self._since = self.seconds(), None

    def seconds(self) -> float | None:
        """Return the seconds that are left; None: any number."""
        if self._seconds is None or self._since is None:
            return self._seconds
        return self._seconds - (time.monotonic() - self._since)

    def room(self, size: int, *, price: float = 0.0) -> int:
        """Return how many of so many samples may still be made; 0 when the time is up.

        Args:
            size: Samples that could be made.
            price: What each costs.
        """
        left = self.seconds()
        if left is not None and left <= 0:
            return 0
        if self._samples is not None:
            size = min(size, self._samples)
        if self._money is not None and price > 0:
            # A hair to spare: the same price, taken away over and over, leaves a little less.
            size = min(size, int(self._money / price + 1e-6))
        return max(0, size)

    def count(self, made: int, *, cost: float = 0.0) -> None:
        """Take note of what was made.

        Args:
            made: Samples.
            cost: What they cost, with those that were turned down.
        """
        if self._samples is not None:
            self._samples -= made
        if self._money is not None:
            self._money -= cost

    def tell_spent(self) -> None:
        """Tell the user that nothing more is made, the first time that this is so."""
        if not self._told:
            self._told = True
            say("the budget is spent: nothing more is made in this run")

    def check(self, needs: Sequence[Need]) -> None:
        """Refuse what the first epoch needs if the budget does not cover it; later ones get what is left.

        Args:
            needs: What each source has to make.

        Raises:
            FillError: It is more than may be made (SA509).
        """
        if not self.strict:
            return
        total, cost = sum(n.samples for n in needs), sum(n.samples * n.price for n in needs)
        if self._samples is not None and total > self._samples:
            raise _too_small(f"{self._samples:,} samples for {total:,}")
        if self._money is not None and cost > self._money * (1 + 1e-9):
            raise _too_small(f"a cost of {self._money:,.2f} for {cost:,.2f}")

    def check_time(self, seconds: float) -> None:
        """Refuse what takes too long, once that can be told; likewise for the first epoch only.

        Args:
            seconds: What the rest of the first epoch's samples will take.

        Raises:
            FillError: It is more than is left (SA509).
        """
        left = self.seconds()
        if self.strict and left is not None and seconds > left:
            raise _too_small(f"{left / 3600:.3f} hours for {seconds / 3600:.3f}")


def _too_small(got: str) -> FillError:
    """Say both numbers."""
    return FillError(
        "SA509",
        f"`budget` must cover what the first epoch needs, got {got}. Raise it, or need less: a smaller `pool=`, a "
        "lower ratio, or samples made beforehand (`synthaug generate`).",
    )
