"""What runs in workers like those of the user's loader, besides the reading of batches."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple, final

import torch
from torch.utils.data import DataLoader, Dataset, get_worker_info

from lightning_synthaug.data import DatasetAdapter, Record
from lightning_synthaug.errors import SynthAugError
from lightning_synthaug.filling import Check
from lightning_synthaug.mixing.dataset import MixedDataset
from lightning_synthaug.mixing.reading import show_own

__all__ = ["Checking", "FirstCheck", "OwnDataset"]


@final
class Checking:
    """Hand a first sample on to whoever can hold it against real ones at the time.

    Sources keep it, and do not keep the run alive by it.

    Attributes:
        by: Holds the first sample that a source makes against real ones; None where nobody would serve it.
    """

    def __init__(self) -> None:
        self.by: Check | None = None

    def __call__(self, source: int, record: Record, twin: int | None) -> None:
        """Check a sample; see `FirstCheck`."""
        if self.by is not None:
            self.by(source, record, twin)


class _Made(NamedTuple):
    """A sample that was made: its source, the sample with the user's label, and its twin, if any."""

    source: int
    record: Record
    twins: tuple[int, ...]


@final
class FirstCheck:
    """Hold the first sample that a source makes against real ones, before all the others are made.

    That reads the user's dataset, and whatever is opened for it in the main process would be there when workers are
    forked. So where the user's loader has workers, one like them does it: with their start method and `worker_init_fn`.

    Args:
        loader: The user's loader.
        dataset: The mixed dataset that it reads from.
    """

    def __init__(self, loader: DataLoader[Any], dataset: MixedDataset) -> None:
        self._loader = loader
        self._dataset = copy.copy(dataset)  # without the main process's half, which leads back here

    def __call__(self, source: int, record: Record, twin: int | None) -> None:
        """Check a sample.

        Args:
            source: Number of its source, from 1.
            record: The sample, with the user's label.
            twin: The real sample that it is a variant of, if any.

        Raises:
            DataError: It cannot stand among the items of the dataset.
        """
        made = _Made(source, record, () if twin is None else (twin,))
        user, function = self._loader, self._loader.worker_init_fn
        checked = DataLoader(
            _Checked(self._dataset, made),
            batch_size=None,
            num_workers=min(1, user.num_workers),
            collate_fn=_as_it_is,
            worker_init_fn=None if function is None else OwnDataset(function),
            multiprocessing_context=user.multiprocessing_context,
            generator=torch.Generator(),  # no seed is drawn from the user's random state
        )
        for error in checked:
            if error is not None:
                raise error


@final
class _Checked(Dataset[Any]):
    """What a sample is found to be: one item, an error or None."""

    def __init__(self, dataset: MixedDataset, made: _Made) -> None:
        self._dataset = dataset
        self._made = made

    @property
    def adapter(self) -> DatasetAdapter:
        """What leads to the user's dataset."""
        return self._dataset.adapter

    def __len__(self) -> int:
        return 1

    def __getitem__(self, _: int) -> SynthAugError | None:
        """Check the sample. An error is handed over: torch would wrap it on its way out of a worker."""
        try:
            self._dataset.check_made(*self._made)
        except SynthAugError as error:
            return error
        return None


def _as_it_is(found: Any) -> Any:
    """Collate nothing."""
    return found


@final
class OwnDataset:
    """Call the user's `worker_init_fn` when `get_worker_info()` names the user's dataset, where such functions look.

    Args:
        function: The user's function.
    """

    def __init__(self, function: Callable[[int], None]) -> None:
        self.function = function

    def __call__(self, worker: int) -> None:
        """Initialise a worker."""
        info = get_worker_info()
        if info is not None:
            show_own(info.dataset)
        self.function(worker)
