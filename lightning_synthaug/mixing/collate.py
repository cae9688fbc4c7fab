"""Collate a mixed batch as the user does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, final

from torch.utils.data import get_worker_info

from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.mixing.assemble import collate_items, collate_mixed, is_default_collate
from lightning_synthaug.mixing.bucket import Bucket
from lightning_synthaug.mixing.gathered import Stacked
from lightning_synthaug.mixing.identity import RowWatch
from lightning_synthaug.mixing.message import Delivered
from lightning_synthaug.mixing.ring import BufferRing, Landing, New

__all__ = ["MixedCollate", "Parts"]


class Parts(NamedTuple):
    """A batch that is not collated yet.

    Attributes:
        delivered: What the main process needs to know.
        size: Rows planned.
        items: Items in row order, without the rows of `stacked`; or their columns; or, of real rows alone, whatever the
            dataset returns for several indices.
        stacked: Rows that were gathered from the store as whole columns, or None.
        synthetic: Rows that are synthetic, ascending; empty where `stacked` holds them.
        bucket: Makes synthetic items fit where the batch cannot be collated; None where that is not asked for.
    """

    delivered: Delivered
    size: int
    items: Any
    stacked: Stacked | None
    synthetic: tuple[int, ...] = ()
    bucket: Bucket | None = None


@final
class MixedCollate:
    """Collate with the user's function, called as it always was.

    Args:
        collate: The user's collate function.
        check_items: Holds synthetic items against real ones, where a batch cannot be collated.
        buffers: Buffers of a worker that batches travel in; 0: torch makes new memory for each tensor.
    """

    def __init__(
        self,
        collate: Callable[[list[Any]], Any],
        check_items: Callable[[list[Any]], None],
        *,
        buffers: int = 0,
    ) -> None:
        self._check_items = check_items
        default = is_default_collate(collate)
        self.collate: Callable[[Any], Any] = collate_items if default else collate
        self._watch = None if default else RowWatch(collate)
        self._buffers = buffers
        self._landing: Landing | None = None
        self._ring: BufferRing | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the main process's half behind."""
        return {**self.__dict__, "_landing": None}

    def begin(self) -> None:
        """Get ready for batches of workers that start after this; a copy of this object has buffers of its own."""
        if self._buffers and self._landing is None:
            self._landing = Landing()
            self._ring = BufferRing(self._landing.number, self._buffers)

    def end(self) -> None:
        """Let go of the buffers of workers that have ended."""
        if self._landing is not None:
            self._landing.forget()

    def __call__(self, parts: Parts | SynthAugError) -> tuple[Delivered | SynthAugError, Any]:
        """Collate one batch, and get it ready for its way where this is a worker."""
        if self._ring is None or get_worker_info() is None:
            return self._whole(parts, None)
        self._ring.begin()
        delivered, batch = self._whole(parts, self._ring.new)
        return delivered, self._ring.pack(batch)

    def _whole(
        self, parts: Parts | SynthAugError, new: New | None
    ) -> tuple[Delivered | SynthAugError, Any]:
        """Collate one batch."""
        if isinstance(parts, SynthAugError):
            return parts, None
        delivered, size, items, stacked, _, bucket = parts
        if stacked is not None:
            return delivered, collate_mixed(items, stacked, new)
        try:
            batch = self._collated(items, bucket, new)
        except Exception:
            # Only the first item of a source was compared, and maybe not in size: a later one may be built differently.
            try:
                self._check_items([items[i] for i in parts.synthetic])
            except SynthAugError as error:
                return error, None
            raise
        if bucket is not None:
            delivered = delivered._replace(unfit=bucket.unfit)
        if self._watch is not None:
            delivered = delivered._replace(mixed=self._watch.reason(size, batch))
        return delivered, batch

    def _collated(self, items: Any, bucket: Bucket | None, new: New | None) -> Any:
        """Collate; where that fails, once more with synthetic items of the sizes of those that they displace."""
        whole = (
            self.collate if self._watch is not None else functools.partial(collate_items, new=new)
        )
        try:
            return whole(items)
        except Exception:
            if bucket is None or not bucket.match():
                raise
        return whole(items)
