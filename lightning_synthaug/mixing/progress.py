"""How far a run is: the clock that the plan is read by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, final

from lightning_synthaug.errors import PlanError

__all__ = ["CountedProgress", "Progress"]


class Progress(ABC):
    """Tell how many batches were processed, and how many there will be.

    Asked when the first batch of an epoch is requested, never before: a framework may restore its counters late.
    """

    @abstractmethod
    def done(self) -> int:
        """Return the batches processed before the one that is asked for next, >= 0."""

    @abstractmethod
    def total(self, epoch_batches: int) -> int | None:
        """Return the batches of the whole run.

        Args:
            epoch_batches: Batches in one pass of the loader.

        Returns:
            Batches, or None when the run has no known end.
        """

    @abstractmethod
    def coming(self, epoch_batches: int) -> int:
        """Return how many batches the next pass of the loader shall deliver at most.

        Args:
            epoch_batches: Batches in one pass of the loader.

        Returns:
            Batches, >= 0.
        """

    def amid(self) -> bool:
        """Tell whether a framework is in the middle of an epoch of its own."""
        return False

    def within(self, epoch_batches: int) -> bool:
        """Tell whether the pass that begins now is the rest of one: right after a resume in the middle of it.

        Asked once for each pass that begins, before `coming`.

        Args:
            epoch_batches: Batches in one pass of the loader.
        """
        del epoch_batches
        return False

    def epoch(self, length: int | None) -> int | None:
        """Return the batches of an epoch.

        Args:
            length: Batches in one pass of the loader, or None where it does not tell.

        Returns:
            Batches, or None when not known.
        """
        return length

    def current(self, last: int, batch: Any = None) -> int:
        """Return the number of the batch being trained on.

        Args:
            last: Number of the last batch handed over; a framework may have fetched it ahead.
            batch: The batch itself, if the user gave it; needed only where nothing else tells.

        Returns:
            Batches before it.
        """
        del batch
        return min(self.done(), last)

    def delivered(self, number: int) -> None:
        """Take note that a batch was handed over.

        Args:
            number: Batches before it.
        """
        del number


@final
class CountedProgress(Progress):
    """Count the batches handed over, where no framework does.

    Args:
        total_batches: Batches of the whole run, or None when not known.
    """

    def __init__(self, total_batches: int | None = None) -> None:
        self._total = total_batches
        self._done = 0
        #: Whether a state was loaded that was saved in the middle of a pass, and no pass began since.
        self.resumed = False

    def done(self) -> int:
        """Return the count."""
        return self._done

    def total(self, epoch_batches: int) -> int | None:
        """Return what was given."""
        del epoch_batches
        return self._total

    def coming(self, epoch_batches: int) -> int:
        """Return a whole epoch, or the rest of one right after a resume in its middle."""
        resumed, self.resumed = self.resumed, False
        return epoch_batches - self._done % epoch_batches if resumed else epoch_batches

    def within(self, epoch_batches: int) -> bool:
        """Tell whether a state was loaded that was saved in the middle of a pass."""
        del epoch_batches
        resumed, self.resumed = self.resumed, False
        return resumed

    def delivered(self, number: int) -> None:
        """Count."""
        self._done = number + 1

    def state_dict(self) -> dict[str, Any]:
        """Return the position, of plain types."""
        return {"batches": self._done}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a position.

        Args:
            state: What `state_dict` returned.

        Raises:
            PlanError: It is not what this package writes.
        """
        batches = state.get("batches") if isinstance(state, dict) else None
        if isinstance(batches, bool) or not isinstance(batches, int) or batches < 0:
            raise PlanError(
                "SA110",
                f"The state of a mixed loader must hold its batches, got {state!r}. Pass what its "
                "`state_dict()` returned.",
            )
        self._done = batches
        # Where passes may be cut and vary in length, the loader says whether one was under way.
        self.resumed = state.get("within") is not False
