"""How many samples are made at once: as the generator says, or as many as pay, found by trying and remembered."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Final, final

from lightning_synthaug.filling.telling import say
from lightning_synthaug.generators import Generator

__all__ = ["SIZES_NAME", "Sizing"]

#: Where sizes are remembered, in the folder of the store.
SIZES_NAME: Final = "batch-sizes.json"
#: Batches of a size that are timed; one before them warms up.
_TIMED: Final = 2
#: How much faster twice as many at once must be to pay.
_GAIN: Final = 1.1


@final
class Sizing:
    """The batch size of one generator on one device.

    Where the generator names a `max_batch_size`, it is doubled until that, until memory runs out, or until twice as
    many at once are not a tenth faster. What was found is remembered beside the samples, by fingerprint and kind of
    device.

    Args:
        generator: The generator.
        folder: Folder of the sample store.
        device: Torch device.
    """

    def __init__(self, generator: Generator, folder: Path, device: str) -> None:
        #: Requests that are made at once.
        self.size = max(1, generator.batch_size)
        self._most = generator.max_batch_size
        self._path = folder / SIZES_NAME
        self._key = f"{generator.fingerprint()} {_kind(device)}"
        self._before: tuple[int, float] | None = None
        self._times: list[float] = []
        known = None if self._most is None else self._remembered().get(self._key)
        self._searching = self._most is not None and known is None
        if known is not None:
            self.size = known

    def rows(self, count: int) -> int:
        """Return the rows that a generator that pads shall pad a batch to.

        A size that the user chose is kept to, since a program may take no other; of one that was found by trying, a
        small batch need not cost as much as a full one.

        Args:
            count: Requests of the batch, >= 1.
        """
        return self.size if self._most is None else min(self.size, 1 << (count - 1).bit_length())

    def took(self, count: int, seconds: float) -> None:
        """Take note of how long a batch took, and choose the size of the next one.

        Args:
            count: Its requests.
            seconds: The time.
        """
        if not self._searching or count < self.size:
            return
        self._times.append(seconds)
        if len(self._times) <= _TIMED:
            return
        rate = self.size / min(self._times[1:])
        self._times.clear()
        if self._before is not None and rate < _GAIN * self._before[1]:
            self._settle(self._before[0])
        elif 2 * self.size > (self._most or 0):
            self._settle(self.size)
        else:
            self._before, self.size = (self.size, rate), 2 * self.size

    def halve(self) -> None:
        """Make half as many at once from now on, since memory does not hold more."""
        self._settle(self.size // 2)

    def _settle(self, size: int) -> None:
        """End the search."""
        self.size = size
        self._searching = False
        if self._most is None:
            return
        say(f"{size} samples at once are made from now on, as {self._path} remembers")
        with contextlib.suppress(OSError):  # on a full disk it is found again the next time
            part = self._path.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps(self._remembered() | {self._key: size}))
            part.replace(self._path)

    def _remembered(self) -> dict[str, int]:
        """Read what was found before; nothing where the file is damaged."""
        try:
            sizes = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(sizes, dict):
            return {}
        return {k: v for k, v in sizes.items() if type(v) is int and 1 <= v <= 2**20}


def _kind(device: str) -> str:
    """Name a device by its model, since numbers differ between machines."""
    import torch

    place = torch.device(device)
    return torch.cuda.get_device_name(place) if place.type == "cuda" else place.type
