"""Collate a mixed batch as the user does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, final

from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.mixing.assemble import (
    Columns,
    Stacked,
    collate_items,
    collate_mixed,
    is_default_collate,
)
from lightning_synthaug.mixing.bucket import Bucket
from lightning_synthaug.mixing.identity import RowWatch
from lightning_synthaug.mixing.message import Delivered

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
    """

    def __init__(
        self, collate: Callable[[list[Any]], Any], check_items: Callable[[list[Any]], None]
    ) -> None:
        self._check_items = check_items
        default = is_default_collate(collate)
        self.collate: Callable[[Any], Any] = collate_items if default else collate
        self._watch = None if default else RowWatch(collate)

    def __call__(self, parts: Parts | SynthAugError) -> tuple[Delivered | SynthAugError, Any]:
        """Collate one batch."""
        if isinstance(parts, SynthAugError):
            return parts, None
        delivered, items, stacked, _, bucket = parts
        if stacked is not None:
            return delivered, collate_mixed(items, stacked)
        try:
            batch = self._collated(items, bucket)
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

    def _collated(self, items: list[Any] | Columns, bucket: Bucket | None) -> Any:
        """Collate; where that fails, once more with synthetic items of the sizes of those that they displace."""
        try:
            return self.collate(items)
        except Exception:
            if bucket is None or not bucket.match():
                raise
        return self.collate(items)
