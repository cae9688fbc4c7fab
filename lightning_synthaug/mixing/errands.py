"""Real samples that a producer waits for: which ones, and when nobody needs them any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple, final

from lightning_synthaug.data import DatasetAdapter
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.filling import TwinBox
from lightning_synthaug.filling.identity import split

__all__ = ["Errand", "Errands"]

#: Samples that are read with one batch.
_WITH_A_BATCH: Final = 16


class Errand(NamedTuple):
    """What a worker does besides its batch.

    Attributes:
        folder: Folder of the `TwinBox`.
        samples: Indices into the user's dataset of the samples to put there.
    """

    folder: str
    samples: list[int]

    def run(self, adapter: DatasetAdapter) -> None:
        """Do it.

        Args:
            adapter: Reads the user's dataset.
        """
        box = TwinBox(self.folder)
        with seeded_globals(0):  # what the user's dataset draws must not depend on it
            for index in self.samples:
                box.put(index, adapter.record(index))


@final
class Errands:
    """Keep account of the samples that are in the box, or have to get there.

    Args:
        box: The box; None where producers have the dataset, and nothing is asked for.
        twins: For each source, whether its samples are variants of real ones.
    """

    def __init__(self, box: TwinBox | None, twins: Sequence[bool] = ()) -> None:
        self.box = box
        self._twins = twins
        self._users: Counter[int] = Counter()
        self._queue: dict[int, None] = {}

    def ask(self, source: int, identities: Iterable[int]) -> None:
        """Take note of requests that a producer was asked for.

        Args:
            source: Place of their source.
            identities: Their identities.
        """
        for identity in identities if self._concern(source) else ():
            twin = split(identity)[0]
            self._users[twin] += 1
            if self._users[twin] == 1:
                self._queue[twin] = None

    def settle(self, source: int, identities: Iterable[int]) -> None:
        """Take note of requests that nobody works on any more.

        Args:
            source: Place of their source.
            identities: Their identities; those never asked for change nothing.
        """
        for identity in identities if self._concern(source) else ():
            twin = split(identity)[0]
            if twin not in self._users:
                continue
            self._users[twin] -= 1
            if not self._users[twin]:
                del self._users[twin]
                self._queue.pop(twin, None)
                assert self.box is not None
                self.box.drop(twin)

    def begin(self) -> None:
        """Ask again for what is not there: a loader that is left early drops the batches that were to bring it."""
        if self.box is not None:
            self._queue |= dict.fromkeys(t for t in self._users if not self.box.holds(t))

    def next(self) -> Errand | None:
        """Return what the next batch shall bring along; None for nothing."""
        samples = list(islice(self._queue, _WITH_A_BATCH))
        for sample in samples:
            del self._queue[sample]
        return Errand(self.box.folder, samples) if samples and self.box is not None else None

    def _concern(self, source: int) -> bool:
        """Tell whether the samples of a source need real ones in the box."""
        return self.box is not None and self._twins[source]
