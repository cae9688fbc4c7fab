"""What a user sees while samples are made: how many, how long, how much disk, then a bar."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, final

import numpy as np
from tqdm import tqdm

from lightning_synthaug.data import Record
from lightning_synthaug.errors import CacheFull
from lightning_synthaug.store import Store

__all__ = ["FillBar", "human_bytes", "say"]


def say(text: str) -> None:
    """Tell the user something once, beside any progress bar.

    Args:
        text: One line.
    """
    tqdm.write(f"synthaug: {text}", file=sys.stderr)


def human_bytes(count: float) -> str:
    """Write a number of bytes for people.

    Args:
        count: Bytes, >= 0.

    Returns:
        For example `"3.1 MB"`.

    Example:
        >>> human_bytes(3_100_000)
        '3.1 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


@final
class FillBar:
    """Announce a fill after its first batch, which tells rate and size, then show progress.

    Args:
        name: The source's name.
        total: Samples to be made.
        device: Where they are made.
        store: Where they go.
    """

    def __init__(self, name: str, total: int, device: str, store: Store) -> None:
        self._name, self._total, self._device, self._store = name, total, device, store
        self._bar: tqdm[Any] | None = None
        self._announced = False

    def __enter__(self) -> FillBar:
        """Start the clock."""
        self._began = time.perf_counter()
        self._bar = tqdm(
            total=self._total,
            desc=f"synthaug: {self._name}",
            unit="sample",
            leave=False,
            disable=None,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the bar, whatever happened."""
        if self._bar is not None:
            self._bar.close()

    def advance(self, count: int, records: Sequence[Record]) -> None:
        """Count settled requests; at the first ones, say what is ahead and refuse what the disk cannot hold.

        Args:
            count: Requests settled by this batch.
            records: The samples among them.

        Raises:
            CacheFull: The rest does not fit on the disk.
        """
        if self._bar is None or not count:
            return
        if records and not self._announced:
            # A flag of its own: a bar that is not shown, for want of a terminal, does not count.
            self._announced = True
            self._announce(count, records)
        self._bar.update(count)

    def _announce(self, count: int, records: Sequence[Record]) -> None:
        """Say samples, bytes, time and free disk."""
        elapsed = max(1e-9, time.perf_counter() - self._began)
        each = sum(_size(r) for r in records) / len(records)
        rest = self._total - count
        free = shutil.disk_usage(self._store.folder).free
        if rest * each > free:
            raise CacheFull(
                "SA501",
                f"The disk must have room for what the coming epoch needs, got {human_bytes(free)} free for "
                f"{human_bytes(rest * each)} ({rest:,} samples of {self._name!r}) in {self._store.folder}. "
                "Choose another `cache=`, or a smaller `pool=`.",
            )
        seconds = round(rest * elapsed / count)
        say(
            f"making {self._total:,} samples with {self._name!r} on {self._device}: {human_bytes(self._total * each)}, "
            f"about {seconds // 60}:{seconds % 60:02d} more; {human_bytes(free)} of disk free"
        )


def _size(record: Record) -> int:
    """Return about how many bytes a record takes in the store."""
    total = 0
    for value in record.values():
        if isinstance(value, np.ndarray):
            total += value.nbytes
        elif isinstance(value, (str, bytes)):
            total += len(value)
        else:
            total += 8
    return total
