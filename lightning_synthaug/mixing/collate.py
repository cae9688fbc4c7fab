"""Collate a mixed batch as the user does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, final

from torch.utils.data import get_worker_info

from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.mixing.assemble import (
    Stacked,
    collate_items,
    collate_mixed,
    is_default_collate,
)
from lightning_synthaug.mixing.bucket import Bucket
from lightning_synthaug.mixing.identity import RowWatch
from lightning_synthaug.mixing.message import Delivered
from lightning_synthaug.mixing.ring import BufferRing, Landing, New
from lightning_synthaug.mixing.tensorrows import Columns

__all__ = ["MixedCollate", "Parts"]


class Parts(NamedTuple):
    """A batch that is not collated yet.

    Attributes:
        delivered: What the main process needs to know.
        items: Items in row order, without the rows of `stacked`; or their columns.
        stacked: Rows that were gathered from the store as whole columns, or None.
        synthetic: Rows that are synthetic, ascending; empty where `stacked` holds them.
        bucket: Makes synthetic items fit where the batch cannot be collated; None where that is not asked for.
    """

    delivered: Delivered
    items: list[Any] | Columns
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
        #: The main process's half of the buffers; None in workers, and where there are none.
        self.landing = Landing() if buffers else None
        self._ring = None if self.landing is None else BufferRing(self.landing.number, buffers)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the main process's half behind."""
        return {**self.__dict__, "landing": None}

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
        delivered, items, stacked, _, bucket = parts
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
            delivered = delivered._replace(mixed=self._watch.reason(len(items), batch))
        return delivered, batch

    def _collated(self, items: list[Any] | Columns, bucket: Bucket | None, new: New | None) -> Any:
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
