"""The real streams of a part of a run with one epoch shape: the epochs' own samples, and those that come on top."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lightning_synthaug.plan.knots import Knots
from lightning_synthaug.plan.orders import OrderedStream, RealOrder
from lightning_synthaug.plan.passes import PassStream
from lightning_synthaug.plan.seeding import child_seed
from lightning_synthaug.plan.stretches import Stretch, bounds_of

__all__ = ["RealStreams", "real_streams"]


class RealStreams(NamedTuple):
    """Two streams of real samples.

    Attributes:
        own: The epochs' own samples, pass after pass: indices into the dataset.
        again: Samples in slots added to a batch that no synthetic sample takes: places in the support of a user's
            sampler where there is one, else indices into the dataset.
    """

    own: PassStream | OrderedStream
    again: PassStream


def real_streams(
    stretches: Sequence[Stretch],
    knots: Knots,
    *,
    seed: int,
    batch: int,
    shuffle: bool,
    order: RealOrder | None,
) -> RealStreams:
    """Open the real streams of a part of a run.

    Args:
        stretches: That part between its recorded events, all with the same epoch shape.
        knots: The schedule with what events made of it.
        seed: Run seed.
        batch: Batches before it: each part has keys of its own.
        shuffle: Whether samples are shuffled.
        order: The order of the user's own sampler, or None.

    Returns:
        The streams, each from its first position.
    """
    epoch = stretches[0].epoch
    length = min(epoch.samples, epoch.real)
    key = child_seed(seed, "real", batch)
    own: PassStream | OrderedStream
    if order is None:
        own = PassStream(
            epoch.samples,
            length=length,
            windows=_windows(stretches, knots, length),
            key=key,
            shuffle=shuffle,
        )
    else:
        own = OrderedStream(order, length=length, key=key)
    size = epoch.samples if order is None else order.support.size
    key = child_seed(seed, "again", batch)
    again = PassStream(size, length=size, windows=[(0, max(1, epoch.extra))], key=key)
    return RealStreams(own, again)


def _windows(stretches: Sequence[Stretch], knots: Knots, length: int) -> list[tuple[int, int]]:
    """Bound the real samples of a batch, by the pass that begins in it."""
    begin = stretches[0].slot
    if stretches[0].epoch.extra:
        return [(0, 1)]  # each epoch is a pass: no batch holds two
    before = knots.count(begin)
    windows = []
    for bound in bounds_of(stretches, length):
        visited = bound.slot - begin - (knots.count(bound.slot) - before)
        windows.append((-(-visited // length), max(1, bound.real)))
    return windows
