"""Where the samples of one source were found, in a file beside the index: to look many thousand keys up takes seconds.

It says nothing that the index does not, and may be deleted at any time. A shard's rows never change, so what was found
stays right for as long as the shard is there and the row was not forgotten.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.store.log import BlockKind, first_block, frame, open_file
from lightning_synthaug.store.writer import new_id

__all__ = ["PlaceFile", "write_places"]

FORMAT: Final = 1
_UNKNOWN: Final = -1
_LONGEST_HEAD: Final = 1 << 24  # bytes; as text of JSON a shard takes twenty
_IDENTITY: Final = np.dtype("<i8")
_CELL: Final = np.dtype("<i4")
_Ints = npt.NDArray[np.int64]


@final
class PlaceFile:
    """Find places by the numbers that a source gives its samples. Read as needed, and so next to no memory.

    Args:
        path: The file.
        rows: Rows of each shard that is there.
        forgotten: Shards and rows that must not be found any more.

    Raises:
        OSError: It cannot be read, for one because there is none.
        CacheError: It is no file.
        ValueError: It is damaged, or of another version.
        RecursionError: As ValueError.

    Attributes:
        identities: The numbers that it may know, ascending. Shape `(n,)`.
    """

    def __init__(
        self, path: Path, rows: Mapping[int, int], forgotten: list[tuple[int, int]]
    ) -> None:
        fd = open_file(path)
        try:
            data = mmap.mmap(fd, 0, access=mmap.ACCESS_READ)
        finally:
            os.close(fd)
        self._map, self._length = data, len(data)
        head, identities, cells = _parts(memoryview(data))
        self.identities = np.frombuffer(identities, _IDENTITY)
        self._cells = np.frombuffer(cells, _CELL).reshape(-1, 2)
        shards: list[int] = head["shards"]
        self._shards = np.array(shards, np.int64)
        numbers = self._cells[:, 0]
        if len(self._cells) != self.identities.size or not self.identities.size:
            raise ValueError("not a place for each")
        if numbers.min() < 0 or numbers.max() >= len(shards):
            raise ValueError("a shard without a number")
        self._rows = np.array([rows.get(shard, 0) for shard in shards], np.int64)
        number = {shard: i for i, shard in enumerate(shards)}
        gone = [(number[shard], row) for shard, row in forgotten if shard in number]
        self._gone = np.array(gone, _CELL).reshape(-1, 2).view(_IDENTITY).ravel()

    def find(self, identities: _Ints) -> _Ints:
        """Look places up.

        Args:
            identities: Shape `(n,)`.

        Returns:
            Shard and row of each, shape `(n, 2)`; (-1, -1) where this file does not tell, and for all once it was cut
            short: to touch what is gone would end the process.
        """
        if self._map.size() < self._length:
            return np.full((identities.size, 2), _UNKNOWN, np.int64)
        at = np.minimum(np.searchsorted(self.identities, identities), self.identities.size - 1)
        cells = self._cells[at]
        number, row = cells[:, 0], cells[:, 1]
        there = (self.identities[at] == identities) & (row >= 0) & (row < self._rows[number])
        if self._gone.size:
            there &= ~np.isin(cells.view(_IDENTITY).ravel(), self._gone)
        places = np.stack([self._shards[number], row.astype(np.int64)], axis=1)
        places[~there] = _UNKNOWN
        return places


def write_places(path: Path, identities: _Ints, places: _Ints) -> None:
    """Write a file, whole or not at all; on a disk that is full none.

    Args:
        path: The file; an old one is replaced.
        identities: Ascending. Shape `(n,)`, at least one.
        places: Shard and row of each. Shape `(n, 2)`.
    """
    shards, number = np.unique(places[:, 0], return_inverse=True)
    cells = np.stack([number.ravel(), places[:, 1]], axis=1).astype(_CELL)
    head = json.dumps({"format": FORMAT, "shards": shards.tolist()}).encode()
    part = path.with_suffix(f".{new_id():x}.part")
    with contextlib.suppress(OSError):
        try:
            with part.open("wb") as file:
                file.write(frame(BlockKind.HEADER, head))
                for column in (identities.astype(_IDENTITY), cells):
                    file.write(frame(BlockKind.PLACES, column.tobytes()))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _parts(data: memoryview) -> tuple[dict[str, Any], memoryview, memoryview]:
    """Take the blocks of a file apart, each where the one before it ends."""
    kinds = (BlockKind.HEADER, BlockKind.PLACES, BlockKind.PLACES)
    end, blocks = 0, []
    for kind in kinds:
        block = first_block(data[end:])
        if block is None or block.kind != kind:
            raise ValueError("not the blocks of such a file")
        blocks.append(block.payload)
        end += block.end
    head, identities, cells = blocks
    if end != len(data) or len(head) > _LONGEST_HEAD:
        raise ValueError("longer than such a file")
    told = json.loads(bytes(head))
    known = isinstance(told, dict) and told.get("format") == FORMAT
    if not known or not _are_shards(told.get("shards")):
        raise ValueError("of another version")
    return told, identities, cells


def _are_shards(shards: object) -> bool:
    """Tell whether a value is a list of shard ids."""
    return isinstance(shards, list) and all(type(s) is int and 0 <= s < 1 << 63 for s in shards)
