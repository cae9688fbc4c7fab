"""The adapter for Hugging Face datasets with a formatting transform."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy.typing as npt

from lightning_synthaug.data.adapters.base import DatasetAdapter
from lightning_synthaug.data.record import Record
from lightning_synthaug.data.template import Stack

__all__ = ["FormattedAdapter"]


@final
class FormattedAdapter(DatasetAdapter):
    """Read rows as they are stored, and run the transform of `with_transform` on what becomes an item.

    A tokenizer in the transform is the usual case: the record holds the text, the item holds the tokens.

    Args:
        dataset: With a transform that takes and returns columns, as `set_transform` asks.
        rows: Adapter for the same dataset without its format.
    """

    def __init__(self, dataset: Any, rows: DatasetAdapter) -> None:
        super().__init__(dataset)
        self._rows = rows

    @property
    def has_records(self) -> bool:
        """As the rows have them."""
        return self._rows.has_records

    def item(self, record: Mapping[str, Any]) -> Any:
        """Run the transform on a batch of one."""
        row = self._rows.item(record)
        transform = self.dataset.format["format_kwargs"]["transform"]
        return {
            name: column[0] for name, column in transform({n: [v] for n, v in row.items()}).items()
        }

    def record(self, index: int) -> Record:
        """Read a row before the transform."""
        return self._rows.record(index)

    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Return None: the transform works item by item."""
        return None
