"""The mixed dataset: turns a planned batch into items, in whatever process the loader runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from lightning_synthaug.data import DatasetAdapter, Record, SampleTransform, check_compatible
from lightning_synthaug.data.check import check_labels, examples
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.mixing.assemble import is_default_collate
from lightning_synthaug.mixing.bucket import Bucket
from lightning_synthaug.mixing.collate import Parts
from lightning_synthaug.mixing.gathered import Stacked, cut_record, relabelled, stack
from lightning_synthaug.mixing.message import BatchMessage, Delivered, Rows
from lightning_synthaug.mixing.reading import read_items, read_whole, show_own
from lightning_synthaug.mixing.tensorrows import Columns, TensorRows
from lightning_synthaug.store import ShardReader

__all__ = ["MixedDataset"]

_Indices = npt.NDArray[np.int64]


@final
class MixedDataset(Dataset[Any]):
    """The user's dataset with synthetic rows among its own.

    Args:
        adapter: Translates the user's dataset to and from records.
        reader: Reads generated samples.
        existing: Synthetic datasets by source number.
        transform: Classical augmentation, or None.
        collate: The user's collate function; columns are gathered at once only under torch's default.
        transform_synthetic: Whether generated rows may be transformed, which asks for them one by one.
        sources: Number of synthetic sources.
        relabel: Sources whose rows get the label planned, in the user's terms; those of others keep their own.
        labels: What the user passed as `labels=`, or None.
        fits: Whether a synthetic item must fit the batch of the real sample that it displaces.
    """

    def __init__(
        self,
        adapter: DatasetAdapter,
        reader: ShardReader | None,
        existing: Mapping[int, Sequence[Any]],
        transform: SampleTransform | None,
        *,
        collate: Callable[[list[Any]], Any],
        transform_synthetic: bool,
        sources: int,
        relabel: frozenset[int],
        labels: Any = None,
        fits: bool = False,
    ) -> None:
        self.adapter = adapter
        self.reader = reader
        self.existing = dict(existing)
        self.transform = transform
        self._transform_made = transform if transform_synthetic else None
        self._fits = fits
        by_columns = not fits and not (transform is not None and transform_synthetic)
        self._by_columns = is_default_collate(collate) and by_columns
        #: Whether items must agree in their sizes as well. What a function of the user's collates is its own affair.
        self._sized = is_default_collate(collate)
        self._rows: TensorRows | None = None
        self._sources = sources
        self._relabel = np.zeros(sources + 1, bool)
        self._relabel[list(relabel)] = True
        self._relabels = bool(relabel)
        self._labels = labels
        self._unchecked = set(range(1, sources + 1))
        #: The main process's half; a sampler that a framework makes anew finds the plan through it. Not pickled.
        self.feed: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the main process's half behind."""
        return {
            **self.__dict__,
            "feed": None,
            "_rows": None,
            "_unchecked": set(range(1, self._sources + 1)),
        }

    def __getattr__(self, name: str) -> Any:
        """Read what only the user's dataset has: its classes, for one."""
        adapter = self.__dict__.get("adapter")
        if adapter is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(adapter.dataset, name)

    def __len__(self) -> int:
        """Return the length of the user's dataset."""
        return len(self.adapter)

    def __getitem__(self, index: int) -> Any:
        """Return a real item, for tools that look into a dataset."""
        return self.adapter.real(index)

    def __getitems__(self, message: BatchMessage) -> Parts | SynthAugError:
        """Read one planned batch.

        Args:
            message: What is planned.

        Returns:
            Its items, not collated. An error of this package is handed over instead, to be raised in the main process:
            torch would wrap it in a `RuntimeError` on its way out of a worker.
        """
        show_own(self)
        try:
            if not self._unchecked.isdisjoint(self.existing):
                self._check_existing()
            if message.errand is not None:
                message.errand.run(self.adapter)
            if message.plain is not None:
                whole = self._whole(message.plain)
                return Parts(Delivered(message.number, None), len(message.plain), whole, None)
            return self._mixed(message.number, Rows(*message.matrix))  # type: ignore[misc]
        except SynthAugError as error:
            return error

    def _whole(self, indices: list[int]) -> Any:
        """Read untransformed real rows as torch does, as columns where the user's dataset is made of tensors."""
        if (tensors := self._tensors()) is not None:
            return Columns(tensors, indices)
        return read_whole(self.adapter.dataset, indices)

    def _tensors(self) -> TensorRows | None:
        """Look whether the user's dataset is made of tensors, and items are put together as torch does."""
        if self._sized:
            self._rows = TensorRows.of(self.adapter.dataset, self._rows)
        return self._rows

    def _mixed(self, number: int, rows: Rows) -> Parts:
        """Read a batch with synthetic or transformed rows."""
        made = (rows.shard >= 0).nonzero()[0]
        missed, stacked, records = self._made(rows, made)
        delivered = Delivered(number, missed if missed.size else None)
        if stacked is not None and not self.existing:
            if self._unchecked:
                self._check_stacked(rows, stacked)
            return Parts(delivered, rows.source.size, self._among(rows, stacked.others), stacked)
        placed = {i: self._item(record, rows, i) for i, record in records}
        for source, existing in self.existing.items():
            mine = np.flatnonzero(rows.source == source)
            read = read_items(existing, rows.sample[mine].tolist())
            placed.update(zip(mine.tolist(), read, strict=True))
        there = sorted(placed)
        if self._unchecked:
            self._check(rows, placed)
        others = np.array([i for i in range(rows.source.size) if i not in placed], np.int64)
        reals = self._reals(rows, others)
        placed.update(zip(others.tolist(), reals, strict=True))
        items = [placed[i] for i in range(rows.source.size)]
        bucket = self._bucket(items, there, rows) if self._fits else None
        return Parts(delivered, len(items), items, None, tuple(there), bucket)

    def _bucket(self, items: list[Any], made: list[int], rows: Rows) -> Bucket | None:
        """Hold the synthetic items of a batch against its real ones, where they must fit it."""
        if not made:
            return None

        def displaced(where: list[int]) -> list[Any]:
            return self._reals(rows, np.array(where, np.int64))

        bucket = Bucket(items, made, displaced)
        bucket.bound()
        return bucket

    def _among(self, rows: Rows, others: _Indices) -> list[Any] | Columns:
        """Read the real rows that gathered ones are set among, all at once where nothing is done to them."""
        if self.transform is not None and rows.transform.any():
            return self._reals(rows, others)
        tensors = self._tensors()
        return self._reals(rows, others) if tensors is None else Columns(tensors, rows.twin[others])

    def _reals(self, rows: Rows, where: _Indices) -> list[Any]:
        """Read real rows, transformed where planned; the twin where the row was to be synthetic."""
        index = rows.twin[where].tolist()
        if self.transform is None or not (flags := rows.transform[where]).any():
            return read_items(self.adapter.dataset, index)
        return [
            self._item(self.adapter.record(real), rows, i) if flag else self.adapter.real(real)
            for i, real, flag in zip(where.tolist(), index, flags.tolist(), strict=True)
        ]

    def _made(
        self, rows: Rows, made: _Indices
    ) -> tuple[_Indices, Stacked | None, list[tuple[int, Record]]]:
        """Gather generated rows: the missing ones, and the rest as columns where possible, else as records."""
        if not made.size or self.reader is None:
            return made[:0], None, []
        gathered = self.reader.gather(rows.shard[made], rows.row[made])
        good, missed = made[gathered.ok], made[~gathered.ok]
        columns = gathered.columns
        if columns is not None and self._by_columns and not self.existing:
            if self._relabels:
                mine = self._relabel[rows.source[good]]
                columns = relabelled(columns, rows.label[good], mine)
            arrays = stack(self.adapter, columns)
            if arrays is not None:
                rest = np.ones(rows.source.size, bool)
                rest[good] = False
                return (
                    missed,
                    Stacked(good, rest.nonzero()[0], arrays, columns, self.adapter.item),
                    [],
                )
        records = gathered.records
        if records is None:
            records = tuple(cut_record(columns or {}, i) for i in range(good.size))
        labels, told = rows.label[good].tolist(), self._relabel[rows.source[good]].tolist()
        named = (
            r.replace(label=label) if mine and isinstance(r.get("label"), int) else r
            for r, label, mine in zip(records, labels, told, strict=True)
        )
        return missed, None, list(zip(good.tolist(), named, strict=True))

    def _item(self, record: Record, rows: Rows, i: int) -> Any:
        """Turn a generated record into what the user's dataset would return."""
        return self.adapter.item(self._transformed(record, rows, i))

    def _transformed(self, record: Record, rows: Rows, i: int) -> Record:
        """Apply the transform where it is planned."""
        if self.transform is None or not rows.transform[i]:
            return record
        return self.transform.apply(record, int(rows.seed[i].astype(np.uint64)))

    def _check_existing(self) -> None:
        """Hold an item of each synthetic dataset against real ones at the first batch: hours before a ramp needs it."""
        with seeded_globals(0):
            items = [existing[0] for existing in self.existing.values()]
            self.check_items(items, sizes=self._sized)
        self._unchecked.difference_update(self.existing)

    def check_items(self, items: Sequence[Any], *, sizes: bool = True) -> None:
        """Hold synthetic items against real ones from all over the dataset.

        Args:
            items: Items; none of them is all right.
            sizes: Whether their dimensions count.

        Raises:
            DataError: One is built differently (SA205).
        """
        if not items:
            return
        with seeded_globals(0):
            real = list(examples(self.adapter).values())
            for item in items:
                check_compatible(real, item, sizes=sizes)

    def check_made(self, source: int, record: Record, twins: Sequence[int]) -> None:
        """Hold the first sample that a source made against real ones, before it makes more.

        Args:
            source: Its number, from 1.
            record: The sample, with the user's label.
            twins: Real samples that it is a variant of.

        Raises:
            DataError: It cannot stand among the dataset's items (SA203, SA205), or its label is not theirs (SA208).
        """
        with seeded_globals(0):
            if self._transform_made is not None:
                record = self._transform_made.apply(record, 0)
            self._check_first(source, self.adapter.item(record), twins)

    def _check_stacked(self, rows: Rows, stacked: Stacked) -> None:
        """Hold the first gathered row of each source against real ones, once a process."""
        sources = rows.source[stacked.rows]
        for source in self._unchecked.intersection(sources.tolist()):
            at = int(np.argmax(sources == source))
            i = int(stacked.rows[at])
            self._check(rows, {i: self._item(cut_record(stacked.columns, at), rows, i)})

    def _check(self, rows: Rows, placed: Mapping[int, Any]) -> None:
        """Hold the first synthetic item of each source against real ones, once a process."""
        for i, item in placed.items():
            source = int(rows.source[i])
            if source in self._unchecked:
                self._check_first(source, item, rows.twin[rows.source == source][:4].tolist())

    def _check_first(self, source: int, item: Any, twins: Sequence[int]) -> None:
        """Hold the first item of a source against real ones."""
        self._unchecked.discard(source)
        # Reading more real items must not move the user's random state.
        with seeded_globals(0):
            # Twins alone may be one, or agree by chance: items from all over tell which dimensions vary.
            some = examples(self.adapter, twins)
            check_compatible(list(some.values()), item, sizes=self._sized)
            if self._relabel[source]:
                check_labels(self.adapter, self._labels, some)
