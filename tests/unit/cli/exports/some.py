"""Samples on their way out."""

from __future__ import annotations

from collections.abc import Iterator

from lightning_synthaug.cli.exports.forms import Outgoing, outgoing
from lightning_synthaug.data.record import Record
from lightning_synthaug.store import StoredSample
from tests.unit.store.samples import image, key


def some(count: int, **fields: str) -> Iterator[Outgoing]:
    """Images under the keys of 0, 1, ..., with further fields if named."""
    for number in range(count):
        told = {"name": "gan", "label": number % 2, "number": number}
        sample = StoredSample(key(number), 1, number, 80, 10**18, told)
        yield outgoing(sample, Record({**image(number), "label": number % 2, **fields}))
