"""Tars as WebDataset reads them: files of one sample follow each other and share a name."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lightning_synthaug.cli.exports.forms import Outgoing

__all__ = ["write_webdataset"]

_SAMPLES: Final = 10_000  # a tar
_BYTES: Final = 256 * 2**20


def write_webdataset(
    folder: Path, samples: Iterator[Outgoing], *, most: int = _SAMPLES, size: int = _BYTES
) -> int:
    """Write samples as `shard-000000.tar`, ...: `<key>.<ending>`, `<key>.cls`, `<key>.json`.

    A whole-number label is `cls`. Where several fields are files, their names come before the ending.

    Args:
        folder: An empty folder.
        samples: The samples.
        most: Samples a tar.
        size: Length after which a tar is finished. Bytes.

    Returns:
        How many were written.
    """
    stream = iter(samples)
    sample = next(stream, None)
    count = tars = 0
    while sample is not None:
        with tarfile.open(folder / f"shard-{tars:06d}.tar", "w", format=tarfile.PAX_FORMAT) as tar:
            held = length = 0
            while sample is not None and held < most and length < size:
                for ending, content in _members(sample):
                    info = tarfile.TarInfo(f"{sample.key}.{ending}")
                    info.size = len(content)
                    tar.addfile(info, io.BytesIO(content))
                    length += len(content)
                held += 1
                sample = next(stream, None)
        tars, count = tars + 1, count + held
    return count


def _members(sample: Outgoing) -> Iterator[tuple[str, bytes]]:
    """List what stands in the tar for one sample."""
    for name, content in sample.files.items():
        yield (name.rpartition(".")[2] if len(sample.files) == 1 else name), content
    if isinstance(sample.label, int):
        yield "cls", str(sample.label).encode()
    yield "json", sample.told().encode()
