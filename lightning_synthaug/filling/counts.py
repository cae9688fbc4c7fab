"""What was asked of a generator and what became of it, counted until somebody writes it down."""

from __future__ import annotations

from typing import NamedTuple, final

__all__ = ["Counted", "Counts"]

#: Different reasons that are told apart, and the characters that are kept of each: they come from generators.
_REASONS, _LONGEST = 32, 200
_OTHERS = "other reasons"


class Counted(NamedTuple):
    """What happened since it was asked the last time. Plain types.

    Attributes:
        asked: Requests that the generator answered; an attempt at one that was turned down counts anew.
        made: Samples made and stored.
        rejected: How many were turned down, by the generator or by a gate, by reason.
    """

    asked: int
    made: int
    rejected: dict[str, int]


@final
class Counts:
    """Sums of one source.

    Example:
        >>> counts = Counts()
        >>> counts.answered(4, made=3)
        >>> counts.reject("too dark")
        >>> counts.take(), counts.take()
        (Counted(asked=4, made=3, rejected={'too dark': 1}), Counted(asked=0, made=0, rejected={}))
    """

    def __init__(self) -> None:
        self._asked = self._made = 0
        self._rejected: dict[str, int] = {}

    def answered(self, asked: int, *, made: int) -> None:
        """Count a batch.

        Args:
            asked: Requests that were answered.
            made: Samples that were stored.
        """
        self._asked += asked
        self._made += made

    def reject(self, reason: str, count: int = 1) -> None:
        """Count what was turned down.

        Args:
            reason: Why, in a few words. Of very many different ones the later share a name.
            count: How many, >= 0.
        """
        reason = reason[:_LONGEST]
        if reason not in self._rejected and len(self._rejected) >= _REASONS:
            reason = _OTHERS
        self._rejected[reason] = self._rejected.get(reason, 0) + count

    def add(self, told: Counted) -> None:
        """Add what another process counted.

        Args:
            told: What its `take` returned.
        """
        self.answered(told.asked, made=told.made)
        for reason, count in told.rejected.items():
            self.reject(reason, count)

    def told(self) -> Counted:
        """Return what was counted."""
        return Counted(self._asked, self._made, dict(self._rejected))

    def take(self) -> Counted:
        """Return what was counted, and begin anew."""
        told = self.told()
        self._asked, self._made, self._rejected = 0, 0, {}
        return told
