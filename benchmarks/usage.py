"""Processor time and memory of a process with all its children."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

__all__ = ["Meter", "children", "memory_mb"]


def children() -> set[int]:
    """List the processes below this one."""
    return {child.pid for child in psutil.Process().children(recursive=True)}


def memory_mb(pids: Iterable[int]) -> float:
    """Sum up memory that is no file's, which could be dropped at any time; what several share counts once. Linux only.

    Args:
        pids: Processes.

    Returns:
        Their own memory and that which they share. MB.
    """
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines():
                if line.startswith(("Pss_Anon:", "Pss_Shmem:")):
                    total += int(line.split()[1])
    return total / 1e3


class Meter:
    """Measure wall and processor time of a stretch, children included, its own work left out."""

    def __init__(self) -> None:
        self._pids = children()
        self._below = self._of_children()
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def stop(self) -> tuple[float, float]:
        """Return wall and processor time since. Seconds."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        self._pids |= children()
        return wall, cpu + self._of_children() - self._below

    def _of_children(self) -> float:
        """Sum up the time of children, of those that have ended as well."""
        ended = psutil.Process().cpu_times()
        total = ended.children_user + ended.children_system
        for pid in self._pids:
            with contextlib.suppress(psutil.Error):
                used = psutil.Process(pid).cpu_times()
                total += used.user + used.system
        return float(total)
