"""The adapter for datasets of tuples, lists, dicts or single arrays, with or without transforms.

It serves torchvision-style datasets, image folders, `TensorDataset` and the user's own classes
alike, because it asks the dataset itself (see `bare.py`) instead of knowing classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.adapters.base import DatasetAdapter
from lightning_synthaug.data.bare import Call, calls_on, replay, without_transforms
from lightning_synthaug.data.leaves import type_name
from lightning_synthaug.data.record import Record
from lightning_synthaug.data.template import ItemTemplate, Stack
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.errors import DataError

__all__ = ["ItemAdapter"]

_SEEN = 8  # items that are read at most to tell which transform gets what
_NEEDED_FOR = "twins (image-to-image, paraphrases), `transform=` and gates"


@final
@dataclass(frozen=True)
class _Probe:
    """What reading one item told: how raw items are read and built, and what is done to them."""

    bare: Any
    template: ItemTemplate
    calls: list[Call] | None


@final
class ItemAdapter(DatasetAdapter):
    """Adapt a dataset by example: item 0 shows how every item is built.

    Args:
        dataset: Map-style dataset.
        names: Field names of the elements of an item in order; None for the rules of `field_names`.
    """

    def __init__(self, dataset: Any, names: Sequence[str] | None = None) -> None:
        super().__init__(dataset)
        self._names = names
        self._found: _Probe | DataError | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave what was found out behind: the receiving process opens the dataset itself."""
        return {**self.__dict__, "_found": None}

    @property
    def has_records(self) -> bool:
        """True until reading one has failed."""
        return not isinstance(self._found, DataError)

    def item(self, record: Mapping[str, Any]) -> Any:
        """Build the raw item and run the dataset's own transforms on it, in its own order."""
        probe = self._probe()
        calls = probe.calls or ()
        given = {p for c in calls for p in (*c.places, *(place for _, place in c.named))}
        elements = probe.template.elements(record, transformed=given)
        if probe.calls is None:
            msg = (
                "What the dataset does to a sample must be known to make items of it, got a "
                f"{type_name(self.dataset)} that goes on working on what its transform returns or "
                "is given. Pass `item=`, a function that turns a record into what the dataset "
                "returns."
            )
            raise DataError("SA206", msg)
        replay(probe.calls, self.dataset, elements)
        return probe.template.join(elements)

    def record(self, index: int) -> Record:
        """Read an item without the transforms and take it apart."""
        probe = self._probe()
        return probe.template.parse(probe.bare[index])

    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Lay columns out like a batch when there is no transform."""
        probe = self._probe()
        return probe.template.stack(columns) if probe.calls == [] else None

    def _probe(self) -> _Probe:
        """Read item 0 once in this process."""
        if self._found is None:
            try:
                self._found = self._look()
            except DataError as error:
                self._found = error
        if isinstance(self._found, DataError):
            raise self._found
        return self._found

    def _look(self) -> _Probe:
        """Find out how raw items are read and built."""
        if len(self.dataset) == 0:
            msg = (
                "The dataset must hold at least one sample, got an empty "
                f"{type_name(self.dataset)}. Check its path."
            )
            raise DataError("SA201", msg)
        bare, spies = without_transforms(self.dataset)
        spread = np.unique(np.linspace(0, len(self.dataset) - 1, _SEEN).astype(np.int64)).tolist()
        try:
            with seeded_globals(0):  # samples that are random must not move the user's random state
                template = ItemTemplate(bare[0], self._names)
                calls = calls_on(_reader(bare, template), spies, spread, template.names)
        except DataError as error:
            raise DataError(
                error.code, f"{error.message} Raw samples are needed for {_NEEDED_FOR}."
            ) from None
        except Exception as error:
            if not spies:
                raise
            msg = (
                f"Sample 0 must be readable without the dataset's transforms, got {error!r} from "
                f"{type_name(self.dataset)}. Pass `item=` and `record=`; raw samples are needed "
                f"for {_NEEDED_FOR}."
            )
            raise DataError("SA202", msg) from error
        return _Probe(bare, template, calls)


def _reader(bare: Any, template: ItemTemplate) -> Callable[[int], list[Any]]:
    """Read the parts of a raw item."""

    def read(index: int) -> list[Any]:
        item = bare[index]
        template.parse(item)  # PIL keeps a file open until its pixels are read
        return template.split(item)

    return read
