"""How many tokens, and how much money, may be spent on a server: counted in a file, by all who share it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from lightning_synthaug.errors import ConfigError

__all__ = ["Budget"]

#: Prices are for this many tokens.
_MILLION: Final = 1_000_000
#: Bytes of the file, so that what is written takes the place of what was there in one step.
_SIZE: Final = 96


@final
@dataclass(frozen=True)
class Budget:
    """What may be spent. What was is counted in a file: by each process, and by the runs to come.

    Before a request is sent, the most that it can cost is put down, and corrected once the server tells what it did. So
    no more than the budget is ever spent. What was perhaps paid for and never came counts in full.

    Args:
        file: Where it is counted; it is made where it is missing. Delete it to begin anew.
        tokens: Tokens that may be read and written, > 0, or None for any number.
        money: What may be paid, > 0, in the currency of the prices, or None.
        prices: Prices of a million tokens, >= 0: of those that the model reads, and of those that it writes.

    Raises:
        ConfigError: A number is outside its range, or there is nothing to keep to (SA520).

    Example:
        >>> Budget("runs/spent.json", money=5.0, prices=(0.15, 0.6)).cost(1000, 100)
        0.00021
    """

    file: str | Path
    tokens: int | None = None
    money: float | None = None
    prices: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Check each number."""
        limits = [limit for limit in (self.tokens, self.money) if limit is not None]
        if not limits or min(limits) <= 0 or min(self.prices) < 0 or len(self.prices) != 2:
            raise ConfigError(
                "SA520",
                f"A budget must have `tokens` or `money` above 0 and two `prices` of at least 0, got {self!r}. Correct "
                "it.",
            )
        if self.money is not None and max(self.prices) == 0:
            raise ConfigError(
                "SA520",
                f"A budget of money must have `prices` of a million tokens, got {self.prices!r}. Pass what your server "
                "takes, such as prices=(0.15, 0.6).",
            )

    def cost(self, read: int, written: int) -> float:
        """Return what tokens cost.

        Args:
            read: Tokens that the model reads.
            written: Tokens that it writes.
        """
        return (read * self.prices[0] + written * self.prices[1]) / _MILLION

    def take(self, read: int, written: int) -> bool:
        """Put down what a request can cost at most, if that much is left.

        Args:
            read: Tokens that the model will read.
            written: Tokens that it may write.

        Returns:
            Whether the request may be sent.

        Raises:
            OSError: The file cannot be written.
            ValueError: It holds something else.
        """
        with self._open() as spent:
            tokens, money = (
                spent["tokens"] + read + written,
                spent["money"] + self.cost(read, written),
            )
            enough = (self.tokens is None or tokens <= self.tokens) and (
                self.money is None or money <= self.money * (1 + 1e-9)
            )
            if enough:
                spent.update(tokens=tokens, money=money)
        return enough

    def give_back(self, read: int, written: int) -> None:
        """Correct what was put down; less than nothing where it was too little.

        Args:
            read: Tokens that were not read.
            written: Tokens that were not written.

        Raises:
            OSError: The file cannot be written.
            ValueError: It holds something else.
        """
        with self._open() as spent:
            spent["tokens"] -= read + written
            spent["money"] -= self.cost(read, written)

    @contextmanager
    def _open(self) -> Iterator[dict[str, float]]:
        """Read the file and write it back, alone."""
        path = Path(self.file)
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            text = os.pread(fd, _SIZE, 0)
            told = json.loads(text) if text else {"tokens": 0, "money": 0.0}
            if not isinstance(told, dict) or not {"tokens", "money"} <= set(told):
                raise ValueError(f"{path} holds no budget")
            yield told
            line = json.dumps({"tokens": told["tokens"], "money": round(told["money"], 9)})
            os.pwrite(fd, line.ljust(_SIZE - 1).encode() + b"\n", 0)
        finally:
            os.close(fd)  # and with it the lock
