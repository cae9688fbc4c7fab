"""What waits to be asked of one producer, how much of it at once, and what would come too late."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, final

from lightning_synthaug.filling import Producer
from lightning_synthaug.mixing.needed import Need
from lightning_synthaug.mixing.pace import Pace

__all__ = ["Line"]

#: Most requests that one producer has under way.
_UNDER_WAY: Final = 1024


@final
class Line:
    """The line before one producer. Positions are counted in synthetic samples.

    Args:
        producer: The producer.
        grows: Whether more may be under way once samples come early.
    """

    def __init__(self, producer: Producer, *, grows: bool) -> None:
        self.producer = producer
        #: What is to be asked for, what is needed first in front.
        self.needs: deque[Need] = deque()
        self._room = 0
        self._most = _UNDER_WAY if grows else 0
        self._pace = Pace()
        self._late = False

    @property
    def _least(self) -> int:
        """A batch that is made, and one that waits."""
        return 2 * self.producer.batch_size

    @property
    def room(self) -> int:
        """Requests that it may have under way."""
        return max(self._least, self._room)

    @property
    def comes_late(self) -> bool:
        """Whether what is under way comes too late, and is more than a producer must have."""
        return self._late and self.producer.under_way > 2 * self._least

    def came(self, position: int, marks: Sequence[tuple[int, int]], count: int) -> None:
        """Take note of samples that came.

        Args:
            position: Where training is.
            marks: Of those that were asked for and not taken back: where training was then, and their first use.
            count: How many came.
        """
        self._pace.heard(position, count)
        if not marks:
            return
        took = position - min(then for then, _ in marks)
        first, last = min(use for _, use in marks), max(use for _, use in marks)
        self._late = last < position
        if self._late:
            self._room = 0
        elif first - position > 2 * took:
            # It came early: more may be under way, so that a trainer that validates finds it at work.
            self._room = min(2 * self.room, self._most)

    def skip(self, position: int) -> list[Need] | None:
        """Leave out what would come too late.

        Args:
            position: Where training is.

        Returns:
            What was left out; None where nothing shall be asked for yet, since the first samples came late and the
            pace is not known.
        """
        under_way = self.producer.under_way
        goes_by = self._pace.until(under_way + self._least // 2)
        if goes_by is None:
            return None if self._late and under_way else []
        left_out = []
        while self.needs and self.needs[0].number < position + goes_by:
            left_out.append(self.needs.popleft())
        return left_out

    def rests(self) -> None:
        """Take note that the producer has nothing to do until it is asked."""
        self._pace.idle()
