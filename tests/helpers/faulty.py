"""Generators that misbehave in a process of their own, each in one way."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.errors import CacheFull
from lightning_synthaug.generators import Generator, Rejection, Request
from tests.helpers.traced import Sample, Tracer, pixels


class Faulty(Generator):
    """A tracer that first does something else.

    Args:
        log: Folder in which each sample made, and each process, leaves a line.
        fault: Name of what goes wrong.
        every: At which calls: each `every`-th one of a process.
        seconds: How long a sample takes.
    """

    conditioning = "class"
    batch_size = 4

    def __init__(
        self, log: str, fault: str = "none", *, every: int = 3, seconds: float = 0.0
    ) -> None:
        self.log, self.fault, self.every, self.seconds = log, fault, every, seconds
        self._calls = 0

    def fingerprint(self) -> str:
        return "faulty"

    def load(self, device: str = "cpu") -> None:
        super().load(device)
        with (Path(self.log) / "processes").open("a") as file:
            file.write(f"{os.getpid()} {device}\n")

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        self._calls += 1
        time.sleep(self.seconds * len(requests))
        if self.fault != "none" and self._calls % self.every == 0:
            return getattr(self, f"_{self.fault}")(requests)
        return self._good(requests)

    def _good(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        with (Path(self.log) / "made").open("a") as file:
            file.writelines(f"{r.label} {r.number}\n" for r in requests)
        return Tracer().generate(requests)

    def _error(self, requests: Sequence[Request]) -> Any:
        raise RuntimeError("no luck this time")

    def _killed(self, requests: Sequence[Request]) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    def _hang(self, requests: Sequence[Request]) -> Any:
        time.sleep(3600)

    def _lie(self, requests: Sequence[Request]) -> Any:
        return [Record({"image": np.zeros((6, 6), np.uint8), "label": 99}) for _ in requests]

    def _garbage(self, requests: Sequence[Request]) -> Any:
        return None

    def _chatter(self, requests: Sequence[Request]) -> Any:
        sys.stdout.write('{"settled": [0, [1, 2, 3]]}\nwhat is this\n')
        sys.stdout.flush()
        os.write(1, b"written past Python\n")
        return self._good(requests)

    def _nan(self, requests: Sequence[Request]) -> Any:
        return [Rejection("looks like nothing") for _ in requests]

    def _away(self, requests: Sequence[Request]) -> Any:
        return [Rejection("the service is away", for_now=True) for _ in requests]

    def _full(self, requests: Sequence[Request]) -> Any:
        raise CacheFull("SA306", "no room is left")


class Variant(Generator):
    """A darker copy of the real sample asked for."""

    conditioning = "twin"
    batch_size = 4

    def fingerprint(self) -> str:
        return "variant"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [self._one(r) for r in requests]

    def _one(self, request: Request) -> Record:
        assert request.twin is not None
        image = np.array(request.twin["image"]).reshape(6, 6)
        sample = Sample(1, int(image[0, 1]), int(image[0, 2]) * 256 + int(image[0, 3]))
        return Record({"image": pixels(sample), "label": sample.label})


def made(log: Path) -> list[tuple[int, int]]:
    """Which samples were made, in order: label and serial number."""
    if not (log / "made").exists():
        return []
    lines = (log / "made").read_text().splitlines()
    return [(int(a), int(b)) for a, b in map(str.split, lines)]


def processes(log: Path) -> list[int]:
    """The processes that loaded a generator."""
    if not (log / "processes").exists():
        return []
    return [int(line.split()[0]) for line in (log / "processes").read_text().splitlines()]


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
