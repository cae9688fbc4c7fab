"""What one process has open of a store: its index connection, its own shards and its journal."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.store.budget import check_room, shard_size
from lightning_synthaug.store.codec import Encoded, encode
from lightning_synthaug.store.commit import ENTRY
from lightning_synthaug.store.faults import write_faults
from lightning_synthaug.store.index import Index, Rows, ShardState
from lightning_synthaug.store.keys import check_keys
from lightning_synthaug.store.notes import Journal, apply_note
from lightning_synthaug.store.pictures import RAW, PictureCodec
from lightning_synthaug.store.provenance import Provenance, split
from lightning_synthaug.store.recovery import note_journal
from lightning_synthaug.store.schema import Schema, schema_of
from lightning_synthaug.store.writer import ShardWriter

__all__ = ["NewSample", "Session", "written_state"]

MAX_SHAPES: Final = 8  # records of more shapes than this share one ragged shard
_Pending = tuple[Rows, ShardState]
_Noted = tuple[dict[str, Any], int, int]  # a note, its journal, and how long that is with it
_Signature = tuple[tuple[str, object, object], ...]


@final
@dataclass(frozen=True, slots=True)
class NewSample:
    """A sample to be stored.

    Attributes:
        key: Its name: a hash of generator and request. 16 bytes.
        record: The sample.
        provenance: Who made it, from what: JSON types only.
    """

    key: bytes
    record: Record
    provenance: Mapping[str, Any]


class _Group(NamedTuple):
    """New samples of one schema, encoded."""

    schema: Schema
    keys: list[bytes]
    told: Provenance
    encoded: Encoded

    def size(self) -> int:
        """Count what it adds to data and log, up to a few bytes a commit."""
        told = sum(map(len, self.told.own)) + len(self.told.common)
        return len(self.encoded.data) + ENTRY.itemsize * len(self.keys) + told


@final
class Session:
    """Write to a store from one process, with shards that no other process writes to.

    Args:
        folder: Folder of the store.
        pictures: How images are written.
    """

    def __init__(self, folder: Path, pictures: PictureCodec = RAW) -> None:
        self.folder = folder
        self._pictures = pictures
        self.index = Index(folder)
        self._journal = Journal(folder)
        self._lock = threading.RLock()
        self._writers: dict[Schema, ShardWriter] = {}
        self._shapes: dict[Schema, set[Schema]] = {}
        self._known: dict[_Signature, Schema] = {}
        self._pending: list[_Pending] = []
        self._notes: list[_Noted] = []

    def put(self, samples: Sequence[NewSample], *, byte_budget: int) -> int:
        """Store samples durably; see `Store.put`."""
        check_keys([sample.key for sample in samples])
        with self._lock, write_faults(self.folder):
            self._flush()
            groups = self._encode(self._unknown(samples))
            more = sum(group.size() for group in groups)
            if not more:
                return 0
            check_room(used=self.used(), more=more, byte_budget=byte_budget, folder=self.folder)
            for group in groups:
                self._write(group, byte_budget)
            return self._flush()

    def note(self, note: dict[str, Any]) -> None:
        """Write a note durably and bring it into the index."""
        with self._lock, write_faults(self.folder):
            self._notes.append((note, *self._journal.append(note)))
            self._flush()

    def used(self) -> int:
        """Sum up data and logs of all shards in the index. Bytes."""
        ((total,),) = self.index.read("SELECT coalesce(sum(bytes + read_to), 0) FROM shards", int)
        return int(total)

    def close(self) -> None:
        """Seal this process's shards and close everything; what is committed is safe anyway."""
        with self._lock:
            try:
                for schema in list(self._writers):
                    self._seal(schema)
                self._flush()
            finally:
                self._journal.close()
                self.index.close()

    def _unknown(self, samples: Sequence[NewSample]) -> list[NewSample]:
        """Keep the first sample of each key that the store lacks."""
        first: dict[bytes, NewSample] = {}
        for sample in samples:
            first.setdefault(sample.key, sample)
        places = self.index.places(list(first))[:, 0].tolist()
        return [sample for sample, shard in zip(first.values(), places, strict=True) if shard < 0]

    def _encode(self, samples: Sequence[NewSample]) -> list[_Group]:
        """Turn samples into bytes, grouped by schema, before anything is written."""
        told = split([sample.provenance for sample in samples])
        groups: dict[Schema, list[int]] = {}
        last, members = None, []
        for i, sample in enumerate(samples):
            schema = self._schema(sample.record)
            if schema is not last:  # to look a schema up takes longer than the rest
                last, members = schema, groups.setdefault(schema, [])
            members.append(i)
        return [
            _Group(
                schema,
                [samples[i].key for i in members],
                Provenance(told.common, [told.own[i] for i in members]),
                encode(schema, [samples[i].record for i in members], self._pictures),
            )
            for schema, members in groups.items()
        ]

    def _schema(self, record: Record) -> Schema:
        """Choose the schema of a record: fixed rows unless its fields come in many shapes."""
        signature = _signature(record)
        known = self._known.get(signature)
        if known is not None:
            return known
        schema = self._pictures.schema(schema_of(record), record)
        if schema.ragged:
            return schema
        shapes = self._shapes.setdefault(schema.vary(), set())
        if len(shapes) >= MAX_SHAPES and schema not in shapes:
            return schema.vary()
        shapes.add(schema)
        self._known[signature] = schema
        return schema

    def _write(self, group: _Group, byte_budget: int) -> None:
        """Write one group to as many shards as it takes, and remember it for the index."""
        start, total = 0, len(group.keys)
        while start < total:
            writer = self._writer(group, start, byte_budget)
            stop = start + writer.room(group.encoded, start)
            if stop == start:
                self._seal(group.schema)
                continue
            part = _part(group.encoded, start, stop)
            first = writer.append(part, group.keys[start:stop], group.told.pack(start, stop))
            keys, own = group.keys[start:stop], group.told.own[start:stop]
            rows = Rows(writer.shard, range(first, first + len(keys)), keys, group.told.common, own)
            self._pending.append((rows, written_state(writer, sealed=False)))
            start = stop

    def _writer(self, group: _Group, start: int, byte_budget: int) -> ShardWriter:
        """Return the open shard for a schema, or begin one that holds the longest row.

        A shard whose last write was cut short, by an error or by Ctrl-C, is left for good.
        """
        writer = self._writers.get(group.schema)
        if writer is not None and writer.broken:
            self._seal(group.schema)
            writer = None
        if writer is None:
            longest = int(group.encoded.lengths[start:].max())
            limits = shard_size(group.schema, byte_budget=byte_budget, longest=longest)
            writer = ShardWriter(self.folder, group.schema, limits)
            self._writers[group.schema] = writer
        return writer

    def _seal(self, schema: Schema) -> None:
        """Finish a shard; the index hears of it with the next change."""
        writer = self._writers.pop(schema)
        writer.seal()
        if writer.rows:
            nothing = Rows(writer.shard, (), (), "{}", ())
            self._pending.append((nothing, written_state(writer, sealed=True)))

    def _flush(self) -> int:
        """Bring committed rows into the index; what fails is tried again at the next call."""
        if not self._pending and not self._notes:
            return 0
        new = 0
        with self.index.writing():
            for note, number, length in self._notes:
                apply_note(self.index, note)
                note_journal(self.index, number, length)
            for rows, state in self._pending:
                added = self.index.add(rows) if rows.keys else 0
                # Another process that opened the store just now may have read our log already.
                new += added if added == len(rows.keys) else self._count_ours(rows)
                self.index.note_shard(state)
        self._notes.clear()
        self._pending.clear()
        return new

    def _count_ours(self, rows: Rows) -> int:
        """Count the keys that lie where this process wrote them."""
        places = self.index.places(rows.keys).tolist()
        return sum(place == [rows.shard, row] for place, row in zip(places, rows.rows, strict=True))


def _signature(record: Record) -> _Signature:
    """Sum up what decides the schema of a record of numbers, in a microsecond a field."""
    return tuple(
        [
            (name, value.dtype, value.shape)
            if isinstance(value, np.ndarray)
            else (name, type(value), isinstance(value, int) and -(2**63) <= value < 2**63)
            for name, value in record.items()
        ]
    )


def _part(encoded: Encoded, start: int, stop: int) -> Encoded:
    """Cut rows out of a batch."""
    before = int(encoded.lengths[:start].sum())
    lengths = encoded.lengths[start:stop]
    return Encoded(encoded.data[before : before + int(lengths.sum())], lengths)


def written_state(writer: ShardWriter, *, sealed: bool) -> ShardState:
    """Describe a shard that is being written."""
    text = writer.schema.text
    state = (writer.shard, text, writer.rows, writer.used, writer.logged)
    return ShardState(*state, sealed, writer.created)
