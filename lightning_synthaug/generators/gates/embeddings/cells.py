"""Tables: which fields of a record are cells of a row, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from lightning_synthaug.data.record import Record

__all__ = ["Cell", "cells_of"]

#: Numbers in an array from which on it is no row of a table but a signal.
_LONG: Final = 257

Cell: TypeAlias = float | int | bool | str
"""What one cell holds."""


def cells_of(record: Record) -> dict[str, Cell]:
    """List the cells of a row: single numbers and words, and each number of a short array.

    Args:
        record: A row of a table. Its `label` is no cell.

    Returns:
        Values by field; the numbers of an array of one dimension by field and place.

    Example:
        >>> from lightning_synthaug.data import Record
        >>> cells_of(Record({"x": np.array([1.5, 2.0]), "sex": "f", "label": 1}))
        {'x[0]': 1.5, 'x[1]': 2.0, 'sex': 'f'}
    """
    cells: dict[str, Cell] = {}
    for field, value in record.items():
        if field == "label":
            continue
        if isinstance(value, bool | int | float | str):
            cells[field] = value
        elif isinstance(value, np.ndarray) and value.ndim == 1 and value.size < _LONG:
            numbers = value.tolist() if value.dtype.kind in "biuf" else []
            cells |= {f"{field}[{place}]": number for place, number in enumerate(numbers)}
    return cells
