"""What is known about samples besides their bytes: verdicts of gates, and requests given up."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.header import MAX_ROWS
from lightning_synthaug.store.keys import check_keys
from lightning_synthaug.store.notes import (
    Tombstone,
    bury_note,
    forget_note,
    verdict_note,
)
from lightning_synthaug.store.placefile import PlaceFile, write_places
from lightning_synthaug.store.session import Session

__all__ = ["GateCount", "Notebook"]


class GateCount(NamedTuple):
    """What one gate said about the samples of a store.

    Attributes:
        gate: Fingerprint of the gate.
        accepted: Samples that may be served.
        refused: Samples that may not.
        lowest: Lowest score, None when the gate gave none.
        mean: Mean score.
        highest: Highest score.
    """

    gate: str
    accepted: int
    refused: int
    lowest: float | None
    mean: float | None
    highest: float | None


class Notebook(abc.ABC):
    """Keep notes on samples of a store: the half of `Store` that touches no sample's bytes."""

    @abc.abstractmethod
    def _session(self) -> Session:
        """Return what this process has open."""

    def bury(self, keys: Sequence[bytes], *, reason: str, attempts: int) -> None:
        """Give requests up, so that they are not tried again.

        Args:
            keys: Sample keys. 16 bytes each.
            reason: Why, in words.
            attempts: How often each was tried. >= 0.

        Raises:
            CacheError: A key is not 16 bytes, or it cannot be written.
        """
        check_keys(keys)
        if keys:
            self._session().note(bury_note(keys, reason, attempts))

    def tombstones(self, keys: Sequence[bytes]) -> dict[bytes, Tombstone]:
        """Tell which requests were given up, and why.

        Args:
            keys: Sample keys. 16 bytes each.

        Returns:
            Tombstones by key, for those that have one.
        """
        check_keys(keys)
        sql = "SELECT key, reason, attempts FROM tombstones WHERE key IN"
        rows = self._session().index.select_keys(sql, keys)
        return {key: Tombstone(reason, attempts) for key, reason, attempts in rows}

    def put_verdicts(self, gate: str, verdicts: Mapping[bytes, Verdict]) -> None:
        """Keep what a gate said; a later verdict replaces an earlier one.

        Args:
            gate: Fingerprint of the gate.
            verdicts: Verdicts by sample key, stored or not.

        Raises:
            CacheError: A key is not 16 bytes, or it cannot be written.
        """
        check_keys(list(verdicts))
        if verdicts:
            self._session().note(verdict_note(gate, list(verdicts.items())))

    def verdicts(self, gate: str, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
        """Tell what a gate said.

        Args:
            gate: Fingerprint of the gate.
            keys: Sample keys. 16 bytes each.

        Returns:
            Verdicts by key, for those that the gate has seen.
        """
        check_keys(keys)
        found: dict[bytes, Verdict] = {}
        sql = "SELECT gate, key, accepted, score, reason FROM verdicts WHERE key IN"
        for name, key, accepted, score, reason in self._session().index.select_keys(sql, keys):
            if name == gate:
                found[key] = Verdict(bool(accepted), score, reason)
        return found

    def gates(self) -> list[GateCount]:
        """Sum up what each gate said about the samples that are here.

        Returns:
            One for each gate, in the order of their fingerprints.
        """
        sql = (
            "SELECT gate, total(accepted), count(*), min(score), avg(score), max(score) FROM verdicts "
            "JOIN samples USING (key) GROUP BY gate ORDER BY gate"
        )
        return [
            GateCount(str(gate), int(accepted), count - int(accepted), *scores)
            for gate, accepted, count, *scores in self._session().index.execute(sql)
        ]

    def forget(self, keys: Sequence[bytes]) -> int:
        """Take samples out, so that they are made again: the damaged ones that `verify` found.

        Args:
            keys: Sample keys. 16 bytes each.

        Returns:
            How many were there. Their space comes back with their shard.

        Raises:
            CacheError: It cannot be written.
        """
        session = self._session()
        places = session.index.locate(keys).tolist()
        there = [(key, *place) for key, place in zip(keys, places, strict=True) if place[0] >= 0]
        if there:
            session.note(forget_note(there))
        return len(there)

    def recall(self, name: str) -> PlaceFile | None:
        """Open what was remembered of places, here or in another process.

        Args:
            name: What `remember` was given.

        Returns:
            It, without what is no longer there; None where there is nothing, or nothing that can be read.
        """
        index = self._session().index
        try:
            rows = {state.shard: state.rows for state in index.shards().values()}
            # A journal that somebody tampered with may have told of others.
            sql = f"SELECT shard, row FROM forgotten WHERE shard >= 0 AND row BETWEEN 0 AND {MAX_ROWS - 1}"
            forgotten = index.read(sql, int, int)
            return PlaceFile(_remembered(index.path, name), rows, forgotten)
        except (OSError, ValueError, RecursionError, CacheError):
            return None

    def remember(
        self, name: str, identities: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
    ) -> None:
        """Remember where samples are, so that they need not be looked up by their keys again.

        Args:
            name: Says whose numbers the identities are, and must change with what they mean. A file name's letters.
            identities: One for each sample, ascending, >= 0. Shape `(n,)`, at least one.
            places: Shard and row of each, as `resolve` gives them. Shape `(n, 2)`.
        """
        write_places(_remembered(self._session().index.path, name), identities, places)


def _remembered(index: Path, name: str) -> Path:
    """Say which file remembers places."""
    return index.with_name(f"{name}.places")
