"""A dataset that no other process can have by pickle."""

from __future__ import annotations

import threading
from typing import Any

from torch.utils.data import Dataset

from tests.helpers.traced import traced_dataset


class Locked(Dataset[Any]):
    """Traced samples behind a lock.

    Args:
        size: How many.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._samples = traced_dataset(size)
        self._size = size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, index: int) -> Any:
        with self._lock:
            return self._samples[index]
