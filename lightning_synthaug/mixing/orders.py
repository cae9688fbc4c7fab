"""The order of a user's own sampler as the real stream: drawn once a pass, under a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Any, final

import numpy as np
import torch
from torch.utils.data import SequentialSampler

from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.errors import DataError
from lightning_synthaug.plan import RealOrder, child_seed
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["SamplerOrder", "seeded_sampler"]


@final
class SamplerOrder(RealOrder):
    """Passes in the order of any torch sampler over the dataset.

    The sampler is iterated in this process only, once a pass, with its `generator` and the global random states
    seeded for that pass and put back afterwards; `set_epoch` is called where there is one. So each rank sees the same
    order, whatever its own random state is, and a resumed run sees it again.

    Args:
        sampler: The user's sampler, with a length; left as it is.
        size: Samples in the dataset, >= 1.

    Raises:
        DataError: The sampler has no length, or none of its samples lies in the dataset (SA603).
    """

    def __init__(self, sampler: Any, size: int) -> None:
        self._sampler = sampler
        self._size = size
        self.length = _length(sampler)

    @cached_property
    def support(self) -> Int64Array:  # type: ignore[override]
        """Samples that the sampler can draw: as it tells, else those of its first pass."""
        sampler = self._sampler
        weights = getattr(sampler, "weights", None)
        indices = getattr(sampler, "indices", None)
        if isinstance(weights, torch.Tensor) and weights.shape == (self._size,):
            return np.flatnonzero(weights.numpy() > 0)
        first = self._draw(0, 0)
        if not np.array_equal(first, self._draw(0, 0)):
            raise DataError(
                "SA603",
                f"A sampler must draw from its `generator` or from the global random states, got {self._name()}, which "
                "gives another order each time under the same seed: a run could not be repeated. Let it use torch's "
                "default generator, or `set_epoch`.",
            )
        if indices is not None and len(indices) >= np.unique(first).size:
            first = np.asarray(indices, np.int64)
        return np.unique(first)

    def of_pass(self, key: int, number: int) -> Int64Array:
        """Return one pass; see `RealOrder`.

        Args:
            key: 64-bit key of the stream.
            number: Passes before it, >= 0.

        Returns:
            Indices into the dataset, shape `(length,)`.
        """
        return self._draw(key, number)

    def equals(self, other: RealOrder) -> bool:
        """Tell whether another order draws from the same sampler; see `RealOrder`.

        Args:
            other: Any order.

        Returns:
            True when it does.
        """
        if not isinstance(other, SamplerOrder):
            return False
        mine, theirs = self._sampler, other._sampler
        in_turn = type(mine) is type(theirs) is SequentialSampler
        return mine is theirs or (in_turn and mine.data_source == theirs.data_source)

    def fingerprint(self) -> str:
        """Tell samplers apart, for checkpoints.

        Returns:
            The name of its class and a digest of the first pass under a fixed key.
        """
        first = self._draw(0, 0).astype("<i8")
        return f"{self._name()} {hashlib.blake2b(first.tobytes(), digest_size=8).hexdigest()}"

    def _draw(self, key: int, number: int) -> Int64Array:
        """Iterate over the sampler once."""
        with seeded_sampler(self._sampler, key, number):
            drawn = np.array([int(i) for i in islice(self._sampler, self.length + 1)], np.int64)
        if drawn.size != self.length or drawn.min() < 0 or drawn.max() >= self._size:
            raise DataError(
                "SA603",
                f"A sampler must yield as many indices as its length says, all of them in the dataset, got "
                f"{drawn.size} indices from {self._name()} of length {self.length} for {self._size} samples. Mend its "
                "`__len__`, or give `shuffle=True`.",
            )
        return drawn

    def _name(self) -> str:
        """Name the sampler's class."""
        return type(self._sampler).__name__


@contextmanager
def seeded_sampler(sampler: Any, key: int, number: int) -> Iterator[None]:
    """Make a sampler give one pass, whatever was drawn before, and put all random states back afterwards.

    Args:
        sampler: A sampler, or one of batches; also samplers within it are seeded.
        key: 64-bit key of the stream.
        number: Passes before it, >= 0.
    """
    seed = child_seed(key, "sampler", number)
    with seeded_globals(seed), _seeded_generators(sampler, seed):
        set_epoch = getattr(sampler, "set_epoch", None)
        if set_epoch is not None:
            set_epoch(number)
        yield


@contextmanager
def _seeded_generators(sampler: Any, seed: int) -> Iterator[None]:
    """Put a seeded generator into a sampler, and into samplers within it, for the time of one pass."""
    found: list[tuple[Any, Any]] = []
    while sampler is not None and len(found) < 8:
        if hasattr(sampler, "generator"):
            found.append((sampler, sampler.generator))
            sampler.generator = torch.Generator().manual_seed(seed >> 1)
        sampler = getattr(sampler, "sampler", None)
    try:
        yield
    finally:
        for owner, generator in found:
            owner.generator = generator


def _length(sampler: Any) -> int:
    """Read the length of a pass."""
    try:
        length = len(sampler)
    except TypeError:
        length = 0
    if length < 1:
        raise DataError(
            "SA603",
            f"A sampler must have a length of at least 1, got {type(sampler).__name__} without one. Give it a "
            "`__len__`, or use `shuffle=True`; to weigh classes, use `balance=`.",
        )
    return length
