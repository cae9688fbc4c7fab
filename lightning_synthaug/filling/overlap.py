"""Store one batch while the next one is made, so that a device need not wait for a disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from lightning_synthaug.data import Record
from lightning_synthaug.filling.limits import Limits
from lightning_synthaug.filling.made import Made, Open
from lightning_synthaug.filling.making import Halved, Maker
from lightning_synthaug.generators import Rejection

__all__ = ["overlapped"]

#: What a generator answered to a batch, in a tuple of one; None where there was no batch, or no memory for it.
_Answers = tuple[Sequence[Record | Rejection]] | None


def overlapped(maker: Maker, missing: Sequence[Open], limits: Limits) -> Iterator[Made]:
    """Make batches with a generator that is loaded until nothing is left to make, or of the limits, or it is halted.

    It also ends where a whole batch is put off.

    The first one is stored before the second is begun: it tells what a batch takes.

    Whatever ends it, the batch that is being stored is stored.

    Args:
        maker: Makes and stores.
        missing: Open requests, what is needed first in front; those to be tried again come first.
        limits: How much may be made; whoever iterates counts what was.

    Yields:
        What became of each batch.

    Raises:
        FillError: The generator has changed since the run began (SA525).
        GeneratorContractBroken: The generator returned something other than asked.
        CacheFull: No room is left; what was stored before stays.
    """
    maker.check_fingerprint()
    queue = deque(missing)
    writing: Future[Made] | None = None
    under_way = 0
    price = maker.needs.generator.price
    room = limits.room(min(maker.batch_size, len(queue)), price=price)
    if room and not maker.needs.watching.halted:
        first = maker.make([queue.popleft() for _ in range(room)])
        _go_on(queue, first)
        yield first
    with ThreadPoolExecutor(1, "synthaug-writer") as writer:  # its end waits for what it stores
        while True:
            room = limits.room(len(queue) + under_way, price=price) - under_way
            room = 0 if maker.needs.watching.halted else room
            size = max(0, min(maker.batch_size, len(queue), room))
            batch = [queue.popleft() for _ in range(size)]
            answers = _answers(maker, batch)
            made = None if writing is None else writing.result()
            writing = None if answers is None else writer.submit(maker.keep, batch, *answers)
            under_way = 0 if writing is None else len(batch)
            if answers is None:
                queue.extendleft(reversed(batch))
            if made is not None:
                _go_on(queue, made)
                yield made
            elif not batch:
                return


def _go_on(queue: deque[Open], made: Made) -> None:
    """Try again what is to be tried again; where all of a batch was put off, the rest would be, too."""
    if made.idle:
        queue.clear()
    queue.extendleft(reversed(made.retry))


def _answers(maker: Maker, batch: Sequence[Open]) -> _Answers:
    """Have a batch answered."""
    try:
        return (maker.generate(batch),) if batch else None
    except Halved:
        return None
