"""Our loaders and the plain one, as several benchmarks make them."""

from __future__ import annotations

import os

# Before numpy and torch: one thread a process.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1", HF_HUB_OFFLINE="1")  # fmt: skip
os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")

import argparse
import contextlib
import io
import logging
import tempfile
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader
from workloads import Workload

import lightning_synthaug as sa

__all__ = ["BATCH", "fill", "folder_of", "ours", "plain"]

BATCH = 64


def plain(load: Workload, workers: int) -> DataLoader[Any]:
    """Make the user's own loader."""
    return DataLoader(
        load.real, BATCH, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )


def ours(load: Workload, workers: int, ratio: float, *, cached: bool = True) -> Iterable[Any]:
    """Mix the user's loader, with what a generator made or with another dataset."""
    source = load.generator if cached else load.made
    cache = load.folder / f"cache-{load.name}"
    return sa.mix(plain(load, workers), source, ratio, cache=cache)


def fill(load: Workload) -> None:
    """Fill our cache before a clock starts."""
    with contextlib.redirect_stderr(io.StringIO()):
        for _ in range(2):
            deque(ours(load, 0, 0.5), maxlen=0)


@contextlib.contextmanager
def folder_of(args: argparse.Namespace) -> Iterator[Path]:
    """Return where files go, in an environment that is the same for all: one thread, no chatter."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as temporary:
        yield args.folder or Path(temporary)
