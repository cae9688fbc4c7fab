"""Make the synthetic rows of one finished batch: find their samples, build items, put them in place of real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy as np
import numpy.typing as npt
from torch.utils.data import default_collate

from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.mixing.gathered import cut_record
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.rowtree import UnfitRow, is_column, replaced_rows
from lightning_synthaug.plan import REAL, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["StreamRows"]

_Collate = Callable[[list[Any]], Any]


@final
class StreamRows:
    """Build synthetic rows and set them into batches.

    Args:
        mixture: The recipe, applied to the rows displaced.
        collate: The user's collate function, for items of synthetic datasets and of `item=`.
    """

    def __init__(self, mixture: Mixture, collate: _Collate) -> None:
        self._mixture = mixture
        self._collate = collate
        recipe = mixture.recipe
        self._existing = {
            number: source
            for number, source in enumerate(recipe.sources.values(), start=1)
            if not mixture.is_generated[number]
        }
        self._transform = None if recipe.transform is None else build_transform(recipe.transform)
        self._reader = mixture.worker_dataset(collate).reader

    def set_into(
        self,
        batch: Any,
        size: int,
        planned: PlannedSlots,
        slots: Int64Array,
        places: npt.NDArray[np.int64],
    ) -> tuple[Any, Int64Array, Int64Array]:
        """Put the synthetic rows of a batch in place of real ones.

        Args:
            batch: The finished batch; not changed.
            size: Its rows.
            planned: What is planned for each, labels and twins included. `size` slots.
            slots: Their positions. Shape `(size,)`.
            places: Where generated samples lie, (shard, row). Shape `(size, 2)`.

        Returns:
            The new batch (the same object where no row was replaced), the source served for each row, and the rows
            whose samples were found damaged.
        """
        made = np.flatnonzero(places[:, 0] >= 0)
        own, theirs, damaged = self._generated(planned, slots, made, places)
        for source, existing in self._existing.items():
            for i in np.flatnonzero(planned.source == source).tolist():
                theirs[i] = existing[int(planned.index[i])]
        listed = isinstance(batch, list) and is_column(batch)
        collate: _Collate = list if listed else self._collate
        plain: _Collate = list if listed else default_collate
        batch, first = _set(batch, size, own, plain)
        batch, second = _set(batch, size, theirs, collate)
        served = np.full(size, REAL, np.int64)
        done = np.array([*first, *second], np.int64)
        served[done] = planned.source[done]
        return batch, served, damaged

    def check(self, batch: Any, size: int, _: int, record: Record, __: int | None) -> None:
        """Hold the first sample that a source made against a batch, before it makes more.

        Args:
            batch: A finished batch; not changed.
            size: Its rows.
            record: The sample, with the user's label.

        Raises:
            DataError: It cannot become an item (SA203), or one built like the rows (SA641). Of other sizes it may be:
                those of the next batch may be others.
        """
        with seeded_globals(0):
            if self._transform is not None and self._mixture.recipe.transform_on != "real":
                record = self._transform.apply(record, 0)
            listed = isinstance(batch, list) and is_column(batch)
            by_user = self._mixture.recipe.item is not None
            collate = list if listed else self._collate if by_user else default_collate
            _set(batch, size, {0: self._mixture.adapter.item(record)}, collate)

    def _generated(
        self,
        planned: PlannedSlots,
        slots: Int64Array,
        made: Int64Array,
        places: npt.NDArray[np.int64],
    ) -> tuple[dict[int, Any], dict[int, Any], Int64Array]:
        """Read generated rows as items: built after a row of the batch, or by the user's `item=`; and the damaged."""
        mixture = self._mixture
        if not made.size or self._reader is None:
            return {}, {}, made[:0]
        gathered = self._reader.gather(places[made, 0], places[made, 1])
        records = gathered.records
        good = made[gathered.ok]
        if records is None:
            columns = gathered.columns or {}
            records = tuple(cut_record(columns, i) for i in range(good.size))
        flags = mixture.draw.flags(planned, slots)
        seeds = mixture.draw.seeds(slots).astype(np.uint64)
        sources = list(mixture.recipe.sources.values())
        items = {}
        for i, record in zip(good.tolist(), records, strict=True):
            label = int(planned.label[i])
            if sources[int(planned.source[i]) - 1].conditioning == "class" and "label" in record:
                record = record.replace(label=label)
            if self._transform is not None and flags is not None and flags[i]:
                record = self._transform.apply(record, int(seeds[i]))
            items[i] = mixture.adapter.item(record)
        by_user = mixture.recipe.item is not None
        return ({}, items, made[~gathered.ok]) if by_user else (items, {}, made[~gathered.ok])


def _set(
    batch: Any, size: int, items: Mapping[int, Any], collate: _Collate
) -> tuple[Any, list[int]]:
    """Set items into a batch, all at once; where one of them is of another size, one by one."""
    if not items:
        return batch, []
    rows = list(items)
    try:
        made = collate([items[i] for i in rows])
        return replaced_rows(batch, made, np.array(rows, np.int64), size), rows
    except SynthAugError:
        raise
    except (
        UnfitRow,
        RuntimeError,
        ValueError,
    ):  # of other sizes than the batch, or than each other
        if len(rows) == 1:
            return _set_one(batch, size, rows[0], items[rows[0]], collate)
    done: list[int] = []
    for i in rows:
        batch, fits = _set_one(batch, size, i, items[i], collate)
        done += fits
    return batch, done


def _set_one(
    batch: Any, size: int, row: int, item: Any, collate: _Collate
) -> tuple[Any, list[int]]:
    """Set one item into a batch, if it fits."""
    try:
        return replaced_rows(batch, collate([item]), np.array([row], np.int64), size), [row]
    except UnfitRow:
        return batch, []
