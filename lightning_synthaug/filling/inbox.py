"""What a producer is asked for, and what its sources put off."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import final

__all__ = ["Inbox"]

#: Seconds left to a batch that is being made when the parent says stop, and between signs of life in a pause.
_GRACE, _WORD = 3.0, 5.0


@final
class Inbox:
    """What is asked for, read by a thread so that it is known as soon as a batch is done.

    Args:
        sources: How many there are.
        waiting: Called now and then while nothing can be done but wait for a source that put off what it was asked.
    """

    def __init__(self, sources: int, waiting: Callable[[], object] = lambda: None) -> None:
        self._queues: list[deque[tuple[int, int]]] = [deque() for _ in range(sources)]
        self._rests = [0.0] * sources
        self._taken_back = False
        self._waiting = waiting
        self._came = threading.Condition()
        self._stop = False
        #: Whether the parent went without a word.
        self.abandoned = False
        threading.Thread(target=self._read, daemon=True).start()

    def take(self, sizes: list[int]) -> tuple[int, list[int]] | None:
        """Wait for requests; return a source and a batch of its identities, that with the oldest one first.

        Args:
            sizes: Requests that each source makes at once.

        Returns:
            None when it is time to stop.
        """
        with self._came:
            while not self._stop:
                now = time.monotonic()
                asked = [(q[0][0], i) for i, q in enumerate(self._queues) if q]
                if ready := [(oldest, i) for oldest, i in asked if self._rests[i] <= now]:
                    source = min(ready)[1]
                    queue = self._queues[source]
                    batch = [identity for _, identity in islice(queue, sizes[source])]
                    for _ in batch:
                        queue.popleft()
                    self._taken_back = False
                    return source, batch
                if asked:
                    self._waiting()
                soon = min((self._rests[i] - now for _, i in asked), default=None)
                self._came.wait(None if soon is None else min(soon, _WORD))
            return None

    def put_back(self, source: int, identities: Sequence[int], pause: float) -> None:
        """Put requests of the last batch back to the front, and leave their source alone for a while.

        Args:
            source: The source.
            identities: Its requests; where they were taken back meanwhile, they are left.
            pause: How long. Seconds.
        """
        with self._came:
            self._rests[source] = time.monotonic() + pause
            if not self._taken_back:
                self._queues[source].extendleft((-1, i) for i in reversed(identities))

    @property
    def stopped(self) -> bool:
        """Whether the parent wants an end."""
        return self._stop

    def _forget(self) -> None:
        """Leave what was asked so far, but for the batch being made."""
        with self._came:
            self._taken_back = True
            for queue in self._queues:
                queue.clear()

    def _read(self) -> None:
        """Read until the parent says stop or is gone."""
        count = 0
        with open(0, "rb", closefd=False) as lines:
            for line in lines:
                if line == b'"forget"\n':
                    self._forget()
                    continue
                try:
                    source, identities = json.loads(line)
                except ValueError:  # "stop", perhaps after half a request
                    break
                with self._came:
                    self._queues[source].extend(enumerate(identities, start=count))
                    self._came.notify()
                count += len(identities)
            else:
                self.abandoned = True
        with self._came:
            self._stop = True
            self._came.notify()
        time.sleep(_GRACE)  # for the batch being made; what is stored by then stays
        os._exit(0)
