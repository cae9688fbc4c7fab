"""The account of one fill: what was made, what it cost, and the bar that shows it."""

from __future__ import annotations

import time
from types import TracebackType
from typing import NamedTuple, final

from lightning_synthaug.filling.limits import Limits
from lightning_synthaug.filling.made import Made
from lightning_synthaug.filling.say import FillBar
from lightning_synthaug.store import Store

__all__ = ["Account", "Filled"]


class Filled(NamedTuple):
    """What filling did.

    Attributes:
        generated: Samples made and stored.
        given_up: Requests of which every attempt was turned down.
        seconds: Time it took.
        reason: Why the last of those that were given up or put off was.
        put_off: Requests that could not be met for now.
    """

    generated: int
    given_up: int
    seconds: float
    reason: str = ""
    put_off: int = 0


@final
class Account:
    """Count what a fill makes, against its limits; entered once samples can be made.

    Args:
        name: The source's name.
        total: Samples to be made.
        store: Where they go.
        limits: How much may be made; their clock runs between entering and leaving.
        price: What a sample costs.
    """

    def __init__(self, name: str, total: int, store: Store, limits: Limits, price: float) -> None:
        self._began = time.perf_counter()
        self._bar = FillBar(name, total, store, limits)
        self._limits, self._price = limits, price
        self._generated = self._given_up = self._put_off = 0

    def __enter__(self) -> Account:
        """Let the clock of the limits run, and show the bar."""
        self._limits.start()
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the clock and remove the bar, whatever happened."""
        self._bar.__exit__(kind, error, trace)
        self._limits.stop()

    def add(self, made: Made) -> None:
        """Count a batch.

        Args:
            made: What became of it.

        Raises:
            CacheFull: The rest does not fit on the disk, or not into the store's budget.
            FillError: It would take longer than it may (SA509).
        """
        self._limits.count(made.stored, cost=self._price * made.answered)
        self._generated += made.stored
        self._given_up += made.given_up
        self._put_off += len(made.put_off)
        self._bar.advance(made.identities.size, made.stored)

    def filled(self, reason: str) -> Filled:
        """Sum it up.

        Args:
            reason: Why the last request that was turned down was.
        """
        seconds = time.perf_counter() - self._began
        return Filled(self._generated, self._given_up, seconds, reason, self._put_off)
