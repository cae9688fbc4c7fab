"""Requests that are not settled, and what became of a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling.places import GIVEN_UP
from lightning_synthaug.generators import Request
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["MAX_ATTEMPTS", "Made", "Open", "Tally"]

#: How often a request is tried before it is given up.
MAX_ATTEMPTS = 3


class Open(NamedTuple):
    """A request that is not settled: its identity, the attempt to make next, and the key of what that gives."""

    identity: int
    request: Request
    key: bytes


class Made(NamedTuple):
    """What became of a batch.

    Attributes:
        identities: Requests settled by it. Shape `(n,)`.
        places: (shard, row) of each, GIVEN_UP where every attempt was turned down. Shape `(n, 2)`.
        retry: Requests to be tried again, each at its next attempt, and those that there was no memory for.
        stored: Samples stored, whether gates accepted them or not.
        answered: Requests that the generator answered, whatever became of them.
        put_off: Requests that cannot be met for now; they are neither settled nor tried again at once.
    """

    identities: Int64Array
    places: npt.NDArray[np.int64]
    retry: list[Open]
    stored: int
    answered: int
    put_off: Sequence[Open] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing but putting off came of it."""
        return bool(self.put_off) and not self.answered

    @property
    def given_up(self) -> int:
        """Requests of which every attempt was turned down."""
        return int(np.count_nonzero(self.places[:, 0] == GIVEN_UP))


@final
class Tally:
    """Note what becomes of a batch, request by request.

    Args:
        again: Writes out another attempt at a request.
    """

    def __init__(self, again: Callable[[Open, int], Open]) -> None:
        self._again = again
        self._settled: dict[int, tuple[int, int]] = {}
        self._retry: list[Open] = []
        self._put_off: list[Open] = []

    def serve(self, opened: Open, shard: int, row: int) -> None:
        """Note where a request's sample lies.

        Args:
            opened: The request.
            shard: Its shard.
            row: Its row there.
        """
        self._settled[opened.identity] = shard, row

    def refuse(self, opened: Open) -> None:
        """Note that an attempt was turned down: the next one is due, or the request is given up.

        Args:
            opened: The request, at the attempt that failed.
        """
        attempt = opened.request.attempt + 1
        if attempt < MAX_ATTEMPTS:
            self._retry.append(self._again(opened, attempt))
        else:
            self._settled[opened.identity] = GIVEN_UP, GIVEN_UP

    def retry(self, opened: list[Open]) -> None:
        """Note that requests are to be tried again as they are.

        Args:
            opened: The requests.
        """
        self._retry += opened

    def put_off(self, opened: Open) -> None:
        """Note that a request cannot be met for now.

        Args:
            opened: The request.
        """
        self._put_off.append(opened)

    def made(self, *, stored: int = 0, answered: int = 0) -> Made:
        """Sum up.

        Args:
            stored: Samples stored.
            answered: Requests that the generator was asked; those put off are taken off.
        """
        identities = np.array(list(self._settled), np.int64)
        places = np.array(list(self._settled.values()), np.int64).reshape(-1, 2)
        answered -= len(self._put_off)
        return Made(identities, places, self._retry, stored, answered, self._put_off)
