"""Other ways to mix a real and a synthetic dataset, each as its documentation recommends for this data.

Each module here has `build(load, workers, ratio)`, which returns an iterable of collated batches of 64; with `ENDLESS`,
one whose iterator never ends. What is the same for all: the samples, the decoding of a file (`Workload.real[i]` or the
same bytes and the same library), torch's `default_collate` (grain stacks by itself, which is cheaper for it), one
thread a process, shuffled order, and the number of worker processes in all. The synthetic half is decoded and in
memory, or in the format of the library where it has its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any, Protocol, cast

from workloads import Workload

__all__ = ["BATCH", "PEERS", "Peer", "peer"]

BATCH = 64


class Peer(Protocol):
    """A module with one way to mix."""

    def build(self, load: Workload, workers: int, ratio: float) -> Iterable[Any]:
        """Return an iterable of batches of 64.

        Args:
            load: What to load.
            workers: Worker processes in all.
            ratio: Synthetic share.
        """
        ...


#: Name in the tables -> module.
PEERS = {
    "ConcatDataset + WeightedRandomSampler": "concat",
    "Lightning CombinedLoader": "combined",
    "torchdata nodes": "nodes",
    "Hugging Face interleave_datasets": "interleave",
    "grain MapDataset.mix": "grains",
    "litdata CombinedStreamingDataset": "lit",
    "webdataset RandomMix": "tars",
}


def peer(name: str) -> Peer | None:
    """Import a way to mix, None where its library is not installed."""
    try:
        return cast("Peer", importlib.import_module(f"peers.{PEERS[name]}"))
    except ImportError:
        return None
