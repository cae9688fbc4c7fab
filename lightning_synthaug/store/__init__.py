"""Samples on disk: append-only shards with checksums, and a SQLite index that they can rebuild.

`Store` writes and resolves keys in the main process; `ShardReader` gathers batches in any process.
"""

from __future__ import annotations

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.store.compact import Compacted
from lightning_synthaug.store.evict import Evicted
from lightning_synthaug.store.joined import Gathered
from lightning_synthaug.store.merge import Merged
from lightning_synthaug.store.notebook import GateCount
from lightning_synthaug.store.notes import Tombstone
from lightning_synthaug.store.pictures import PictureCodec
from lightning_synthaug.store.placefile import PlaceFile
from lightning_synthaug.store.reader import ShardReader
from lightning_synthaug.store.scattered import Scattered
from lightning_synthaug.store.session import NewSample
from lightning_synthaug.store.single import pack_record, unpack_record
from lightning_synthaug.store.store import Stats, Store
from lightning_synthaug.store.survey import StoredSample

__all__ = [
    "Compacted",
    "Evicted",
    "GateCount",
    "Gathered",
    "Merged",
    "NewSample",
    "PictureCodec",
    "PlaceFile",
    "Scattered",
    "ShardReader",
    "Stats",
    "Store",
    "StoredSample",
    "Tombstone",
    "Verdict",
    "pack_record",
    "unpack_record",
]
