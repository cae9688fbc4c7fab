"""Samples on their way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lightning_synthaug.cli.exports.forms import Outgoing, outgoing
from lightning_synthaug.data.record import Record
from lightning_synthaug.store import StoredSample
from tests.unit.store.samples import image, key


def some(count: int, told: dict[str, Any] | None = None, **fields: Any) -> Iterator[Outgoing]:
    """Images under the keys of 0, 1, ..., with further provenance and fields if named."""
    for number in range(count):
        made = {"name": "gan", "label": number % 2, "number": number, **(told or {})}
        sample = StoredSample(key(number), 1, number, 80, 10**18, made)
        yield outgoing(sample, Record({**image(number), "label": number % 2, **fields}))
