"""The batches of a user's own batch sampler, drawn once a pass, under a seed."""

from __future__ import annotations

import hashlib
from array import array
from functools import cached_property
from typing import Any, NoReturn, final

import numpy as np

from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.orders import seeded_sampler
from lightning_synthaug.mixing.shape import told_length
from lightning_synthaug.plan import BatchPass

__all__ = ["BatchOrder"]

#: Samples that a pass may have at most: so many times the dataset, and so many more.
_TIMES, _MORE = 64, 1 << 20


@final
class BatchOrder:
    """Passes of any batch sampler over the dataset; passes may differ in how many batches they have.

    The sampler is iterated in this process only, once a pass, as `SamplerOrder` does. Each rank draws whole passes.

    Args:
        sampler: The user's batch sampler, or any iterable of lists of indices; left as it is.
        size: Samples in the dataset, >= 1.
        first: Batches to keep: the first ones of the first pass, in each pass; None for all.

    Raises:
        DataError: It divides its batches among ranks by itself (SA650).
    """

    def __init__(self, sampler: Any, size: int, *, first: int | None = None) -> None:
        self._sampler = sampler
        self._size = size
        self._first = first
        inner, depth = sampler, 0
        while inner is not None and depth < 8:
            shares = getattr(inner, "num_replicas", 1)
            if hasattr(inner, "rank") and isinstance(shares, int) and shares > 1:
                raise DataError(
                    "SA650",
                    "A batch sampler must not divide its batches among ranks by itself, got "
                    f"{type(inner).__name__} with num_replicas={shares}. Give one of all batches (num_replicas=1, "
                    "rank=0); the mixed loader deals them out, one to each rank.",
                )
            inner, depth = getattr(inner, "sampler", None), depth + 1

    @property
    def told(self) -> int | None:
        """Batches in a pass as the sampler tells at present, maybe an estimate; None where it does not."""
        return told_length(self._sampler) if self._first is None else self._first

    def of_pass(self, key: int, number: int) -> BatchPass:
        """Return one pass.

        Args:
            key: 64-bit key of the stream.
            number: Passes before it, >= 0.

        Returns:
            Its batches; equal arguments give equal passes.

        Raises:
            DataError: They are no lists of indices into the dataset, or none, or without end (SA650).
        """
        given = self._draw(key, number if self._first is None else 0)
        ends = given.ends if self._first is None else given.ends[: self._first]
        return BatchPass(number, given.indices[: ends[-1]], ends)

    def equals(self, other: object) -> bool:
        """Tell whether another order draws from the same sampler.

        Args:
            other: Any order.

        Returns:
            True when it does.
        """
        return (
            isinstance(other, BatchOrder)
            and self._sampler is other._sampler
            and self._first == other._first
        )

    def of_first(self, batches: int) -> BatchOrder:
        """Keep the first batches only, in every pass the same: what `overfit_batches` asks for.

        Args:
            batches: How many, >= 1.

        Returns:
            Passes of these.
        """
        return BatchOrder(self._sampler, self._size, first=batches)

    @cached_property
    def fingerprint(self) -> str:
        """The name of the sampler's class and a digest of the first pass under a fixed key, for checkpoints.

        Raises:
            DataError: The sampler gives other batches each time under the same seed (SA650).
        """
        first, again = self.of_pass(0, 0), self.of_pass(0, 0)
        same = np.array_equal(first.ends, again.ends)
        if not (same and np.array_equal(first.indices, again.indices)):
            raise DataError(
                "SA650",
                "A batch sampler must draw from its `generator` or from the global random states, got "
                f"{self._name()}, which gives other batches each time under the same seed: a run could not be "
                "repeated. Let it use torch's default generator, or `set_epoch`.",
            )
        digest = hashlib.blake2b(digest_size=8)
        for numbers in (first.indices, first.ends):
            digest.update(numbers.astype("<i8").tobytes())
        return f"{self._name()} {digest.hexdigest()}"

    def _draw(self, key: int, number: int) -> BatchPass:
        """Iterate over the sampler once."""
        drawn, ends = array("q"), array("q")
        most = _TIMES * self._size + _MORE
        with seeded_sampler(self._sampler, key, number):
            for batch in self._sampler:
                before = len(drawn)
                try:
                    drawn.extend(batch.tolist() if hasattr(batch, "tolist") else batch)
                except (TypeError, OverflowError):
                    self._refuse(f"{batch!r:.100}")
                if len(drawn) == before:
                    self._refuse("an empty batch")
                if len(drawn) > most:
                    self._refuse(f"more than {most:,} indices in a pass")
                ends.append(len(drawn))
        indices = np.array(drawn, np.int64)
        if not indices.size:
            self._refuse("no batch")
        low, high = int(indices.min()), int(indices.max())
        if low < 0 or high >= self._size:
            self._refuse(f"the index {low if low < 0 else high}")
        return BatchPass(number, indices, np.array(ends, np.int64))

    def _refuse(self, got: str) -> NoReturn:
        """Refuse what the sampler yields."""
        raise DataError(
            "SA650",
            "A batch sampler must yield lists of indices into the dataset, at least one index each, and come to an "
            f"end, got {got} from {self._name()} for {self._size} samples. Mend its `__iter__`, or give "
            "`batch_size=` and leave `batch_sampler=` out.",
        )

    def _name(self) -> str:
        """Name the sampler's class."""
        return type(self._sampler).__name__
