"""The adapter for a user who says how items or records are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import numpy.typing as npt

from lightning_synthaug.data.adapters.base import DatasetAdapter
from lightning_synthaug.data.leaves import to_value, type_name
from lightning_synthaug.data.record import Record
from lightning_synthaug.data.template import Stack
from lightning_synthaug.errors import DataError

__all__ = ["CallableAdapter"]


@final
class CallableAdapter(DatasetAdapter):
    """Adapt a dataset through the user's functions.

    What they leave open is found out from the dataset.

    Args:
        inner: Adapter for what is left open.
        item: Turns a record into what the dataset returns, the user's transforms included.
        record: Reads the raw sample at an index of the dataset, as a record or a mapping of its
            fields.
    """

    def __init__(
        self,
        inner: DatasetAdapter,
        *,
        item: Callable[[Record], Any] | None = None,
        record: Callable[[Any, int], Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(inner.dataset)
        self._inner = inner
        self._item = item
        self._record = record

    @property
    def has_records(self) -> bool:
        """True with `record=`; else as the dataset has them."""
        return self._record is not None or self._inner.has_records

    def item(self, record: Mapping[str, Any]) -> Any:
        """Call `item=`, or make the dataset's item."""
        if self._item is None:
            return self._inner.item(record)
        return self._item(record if isinstance(record, Record) else Record(record))

    def record(self, index: int) -> Record:
        """Call `record=`, or read from the dataset."""
        if self._record is None:
            return self._inner.record(index)
        made = self._record(self.dataset, index)
        if isinstance(made, Record):
            return made
        if isinstance(made, Mapping):
            return Record({name: to_value(value) for name, value in made.items()})
        msg = (
            f"`record=` must return a Record or a mapping of fields, got {type_name(made)} for "
            f"index {index}. Return for example {{'image': image, 'label': label}}."
        )
        raise DataError("SA204", msg)

    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Return None: the user's functions work item by item."""
        return None
