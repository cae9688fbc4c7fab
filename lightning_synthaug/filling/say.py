"""What a user sees while samples are made: how many, how long, how much disk, then a bar."""

from __future__ import annotations

import shutil
import time
from types import TracebackType
from typing import Any, final

from tqdm import tqdm

from lightning_synthaug.errors import CacheFull
from lightning_synthaug.filling.limits import Limits
from lightning_synthaug.filling.telling import say
from lightning_synthaug.store import Store

__all__ = ["FillBar", "human_bytes", "human_time"]


#: About what the header of a shard takes. Bytes.
_HEADER = 400


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


def human_time(seconds: float) -> str:
    """Write a duration for people.

    Args:
        seconds: Seconds, >= 0.

    Returns:
        Hours, minutes and seconds.

    Example:
        >>> human_time(7384.2)
        '2:03:04'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


@final
class FillBar:
    """Announce a fill after its first batch, which tells rate and size, then show progress.

    Args:
        name: The source's name.
        total: Samples to be made.
        store: Where they go.
        limits: What they may take.
    """

    def __init__(self, name: str, total: int, store: Store, limits: Limits) -> None:
        self._limits = limits
        self._name, self._total, self._store = name, total, store
        self._bar: tqdm[Any] | None = None
        self._announced = False
        self._settled = 0

    def __enter__(self) -> FillBar:
        """Start the clock."""
        self._began, self._used = time.perf_counter(), self._store.used()
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

    def advance(self, settled: int, stored: int) -> None:
        """Count settled requests; at the first ones, say what is ahead and refuse what there is no room for.

        Args:
            settled: Requests settled by this batch.
            stored: How many of them left a sample in the store.

        Raises:
            CacheFull: The rest does not fit on the disk, or not into the store's budget.
            FillError: It would take longer than it may (SA509).
        """
        if self._bar is None or not settled:
            return
        # Counted here: a bar that is not shown, for want of a terminal, does not count.
        self._settled += settled
        if stored and not self._announced:
            self._announced = True
            self._announce(self._settled)
        self._bar.update(settled)

    def _announce(self, settled: int) -> None:
        """Say bytes, time and room."""
        elapsed = time.perf_counter() - self._began
        used, store = self._store.used(), self._store
        # With checksums and provenance, as they lie there; a shard's header is not each sample's.
        each = max(0, used - self._used - _HEADER) / settled
        rest = self._total - settled
        free = shutil.disk_usage(store.folder).free
        room = max(0, min(free, store.byte_budget - used))
        if rest * each > room:
            raise CacheFull(
                "SA501",
                f"The cache must have room for what the coming epoch needs, got {human_bytes(room)} for "
                f"{human_bytes(rest * each)} ({rest:,} samples of {self._name!r}) in {store.folder}: the disk has "
                f"{human_bytes(free)} free, and {human_bytes(used)} of a budget of {human_bytes(store.byte_budget)} "
                "are used. Choose another `cache=`, a larger `cache_bytes=` or a smaller `pool=`.",
            )
        self._limits.check_time(rest * elapsed / settled)
        say(
            f"{self._name!r}: {human_bytes(self._total * each)}, about {human_time(rest * elapsed / settled)} more; "
            f"there is room for {human_bytes(room)}"
        )
