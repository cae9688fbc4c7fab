"""Loaders side by side: started anew for each repeat, run in turn, each batch copied once as to a device."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from usage import Meter, children, memory_mb
from workloads import Workload

__all__ = ["Entry", "Values", "race"]

#: A stretch that is measured ends with the pass, or after so many seconds and so many batches.
SECONDS, AT_LEAST = 0.4, 12
#: Batches before it that do not count: workers may have made some in advance while others had their turn.
AHEAD = 6


@final
@dataclass
class Entry:
    """One loader in a race and what was measured of it.

    Attributes:
        name: Its name in tables.
        build: Makes a fresh loader.
        warm: Passes before it is measured: ours checks checksums once.
        endless: Whether its iterator goes on for ever, and is gone on with instead of made anew.
        rates: Samples a second, one for each stretch.
        cpu_us: Processor time a sample, of all processes. Microseconds.
        firsts: Seconds from `iter(loader)` to the first batch, one a repeat.
        memory: MB that this process and all of its workers hold more than before; one a repeat.
        share: Mean and standard deviation of the synthetic share of a batch.
        problem: What went wrong; it is out of the race then.
    """

    name: str
    build: Callable[[], Iterable[Any]]
    warm: int = 1
    endless: bool = False
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    firsts: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    share: tuple[float, float] | None = None
    problem: str = ""

    def add(self, samples: float, wall: float, cpu: float) -> None:
        """Note a stretch."""
        self.rates.append(samples / wall)
        self.cpu_us.append(cpu / samples * 1e6)

    def figures(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        share = None if self.share is None else list(self.share)
        return {
            "name": self.name, "rates": self.rates, "cpu_us": self.cpu_us, "firsts": self.firsts,
            "memory": self.memory, "share": share, "problem": self.problem,
        }  # fmt: skip


def fields_of(batch: Any) -> list[torch.Tensor]:
    """List the tensors of a batch in the order of the fields; dictionaries by name."""
    if isinstance(batch, Mapping):
        return [batch[key] for key in sorted(batch)]
    return list(batch)


class Values:
    """Know every sample of a workload, so that no loader gets away with others.

    Args:
        load: The workload.
    """

    def __init__(self, load: Workload) -> None:
        self._known: dict[tuple[int, ...], bool] = {}
        self._kinds: list[tuple[torch.dtype, torch.Size]] = []
        for data, synthetic in ((load.real, False), (load.made, True)):
            for i in range(len(data)):
                item = data[i]
                parts = [item[k] for k in sorted(item)] if isinstance(item, dict) else list(item)
                self._known[self._name(parts)] = synthetic
        self._kinds = [(t.dtype, t.shape) for t in map(torch.as_tensor, parts)]

    @staticmethod
    def _name(parts: Iterable[Any]) -> tuple[int, ...]:
        return tuple(zlib.crc32(np.ascontiguousarray(part).tobytes()) for part in parts)

    def synthetic_share(self, batch: Any) -> float:
        """Return the synthetic share of a batch.

        Raises:
            ValueError: A row is no sample of the workload, or a tensor of another kind.
        """
        columns = fields_of(batch)
        kinds = [(column.dtype, column.shape[1:]) for column in columns]
        if sorted(map(str, kinds)) != sorted(map(str, self._kinds)):
            raise ValueError(f"tensors of {kinds} instead of {self._kinds}")
        rows = zip(*(column.numpy() for column in columns), strict=True)
        names = [self._name(row) for row in rows]
        if strange := sum(name not in self._known for name in names):
            raise ValueError(f"{strange} of {len(names)} rows are no samples of the workload")
        return float(np.mean([self._known[name] for name in names]))


@final
class _Device:
    """Copy batches into tensors made once: what every training does, by a copy to its device."""

    def __init__(self) -> None:
        self._into: dict[int, torch.Tensor] = {}

    def take(self, batch: Any) -> int:
        """Copy a batch and return its size."""
        size = 0
        for i, column in enumerate(fields_of(batch)):
            into = self._into.get(i)
            if into is None or into.shape[1:] != column.shape[1:] or len(into) < len(column):
                into = self._into[i] = torch.empty_like(column)
            into[: len(column)].copy_(column)
            size = len(column)
        return size


def _stretch(entry: Entry, loader: Iterable[Any], device: _Device) -> None:
    """Measure from the seventh batch on, until the pass or the time is over."""
    batches = iter(loader)
    for batch in itertools.islice(batches, AHEAD):
        device.take(batch)
    samples, meter = 0, Meter()
    end = time.perf_counter() + SECONDS
    for number, batch in enumerate(batches, start=1):
        samples += device.take(batch)
        if number >= AT_LEAST and time.perf_counter() > end:
            break
    wall, cpu = meter.stop()
    entry.add(samples, wall, cpu)
    if not entry.endless:
        _close(batches)


def _by_batches(entries: list[Entry], loaders: list[Iterable[Any]], rng: Any) -> None:
    """Take a batch of each in turn, in an order that changes, until the first pass ends or the time is over.

    Without workers this work is done when `next` returns. A drift of the machine within a pass hits all alike then,
    and differences of a hundredth can be told.
    """
    devices = [_Device() for _ in entries]
    running = [iter(loader) for loader in loaders]
    wall, cpu, samples = (np.zeros(len(entries)) for _ in range(3))
    for batches, device in zip(running, devices, strict=True):
        device.take(next(batches))
    end = time.perf_counter() + SECONDS * len(entries)
    for number in itertools.count():
        ended = number >= AT_LEAST and time.perf_counter() > end
        for i in rng.permutation(len(entries)).tolist():
            began, used = time.perf_counter(), time.process_time()
            batch = next(running[i], None)
            ended = ended or batch is None
            size = 0 if batch is None else devices[i].take(batch)
            wall[i] += time.perf_counter() - began
            cpu[i] += time.process_time() - used
            samples[i] += size
        if ended:
            break
    for i, entry in enumerate(entries):
        entry.add(samples[i], wall[i], cpu[i])


def _close(batches: Iterator[Any]) -> None:
    """End an iterator that has a way to be ended."""
    for name in ("close", "shutdown"):
        with contextlib.suppress(Exception):
            getattr(batches, name, lambda: None)()


@contextlib.contextmanager
def _guard(entry: Entry) -> Iterator[None]:
    """Take a loader that fails out of the race, and say why."""
    try:
        yield
    except Exception as error:
        entry.problem = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        print(f"\n{entry.name}: {entry.problem}", file=sys.stderr)


def _start(entry: Entry, values: Values | None, device: _Device) -> Iterable[Any]:
    """Build a loader, time its first batch, warm it up."""
    before = memory_mb({os.getpid(), *children()})
    loader = entry.build()
    began = time.perf_counter()
    batches = iter(loader)
    batch = next(batches)
    entry.firsts.append(time.perf_counter() - began)
    if values is not None:
        first = [batch, *itertools.islice(batches, 15)]
        shares = [values.synthetic_share(one) for one in first]
        entry.share = (float(np.mean(shares)), float(np.std(shares)))
    end = time.perf_counter() + SECONDS / 2
    for number, one in enumerate(batches):
        device.take(one)
        if entry.warm == 1 and number >= AHEAD and time.perf_counter() > end:
            break
    for _ in range(entry.warm - 1):
        for one in loader:
            device.take(one)
    entry.memory.append(memory_mb({os.getpid(), *children()}) - before)
    if entry.endless:
        return batches
    _close(batches)
    return loader


def race(
    entries: list[Entry], values: Values, *, repeats: int, rounds: int, by_batches: bool = False
) -> None:
    """Let loaders run beside each other; what is measured is kept in them.

    Workers are started anew for each repeat: a process can be lucky with its core and memory for its life.

    Args:
        entries: The loaders.
        values: Checks the first batches of each.
        repeats: Fresh starts.
        rounds: Stretches of each loader in a repeat, in turn.
        by_batches: Whether they take turns batch by batch; only for loaders without processes and threads.
    """
    rng = np.random.default_rng(0)
    device = _Device()
    for repeat in range(repeats):
        running: dict[int, Iterable[Any]] = {}
        for i in rng.permutation(len(entries)).tolist():
            if not entries[i].problem:
                with _guard(entries[i]):
                    running[i] = _start(entries[i], values if repeat == 0 else None, device)
        for _ in range(rounds):
            if by_batches:
                _by_batches([entries[i] for i in running], list(running.values()), rng)
                continue
            for i in rng.permutation(sorted(running)).tolist():
                with _guard(entries[i]):
                    _stretch(entries[i], running[i], device)
        for loader in running.values():
            if isinstance(loader, Iterator):
                _close(loader)
        running.clear()
        gc.collect()
        print(f"\r  {repeat + 1}/{repeats}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
