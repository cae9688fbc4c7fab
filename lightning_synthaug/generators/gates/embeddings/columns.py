"""Rows of tables: numbers brought to a common size, words by a place of their own."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.cells import Cell, cells_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["TableColumns"]

#: Places that the words of a field are spread over.
_PLACES: Final = 16


@final
class TableColumns(Embedding):
    """The cells of a row, in the order of their names; the label is no cell.

    An embedding knows only the sample, so numbers are not scaled by what others hold: they become
    `sign(x) log(1 + |x|)`, unless centre and scale of a field are given. A gap becomes 0.

    Args:
        centre: What is taken off numbers, by field; for the numbers of an array by `"field[0]"`.
        scale: What they are then divided by, by field, > 0.
    """

    modality = "tabular"
    version: ClassVar[int] = 1

    def __init__(
        self, *, centre: Mapping[str, float] | None = None, scale: Mapping[str, float] | None = None
    ) -> None:
        self.centre = centre
        self.scale = scale

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors."""
        return {"centre": dict(self.centre or {}), "scale": dict(self.scale or {})}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Embed rows.

        Args:
            records: Rows of one table.

        Returns:
            A number for each number, 16 for each word. Shape `(n, width)`.

        Raises:
            GateError: Rows have other fields than the first, or none (SA461).
        """
        rows = [cells_of(record) for record in records]
        forms = [{name: isinstance(row[name], str) for name in row} for row in rows]
        for record, form in zip(records, forms, strict=True):
            if form != forms[0] or not form:
                raise GateError(
                    "SA461",
                    "A gate for tables needs the same fields of numbers and words in each sample, got "
                    f"{record!r} beside {records[0]!r}. Fill gaps with NaN, or pass `embedding=`.",
                )
        return np.array([self._embed(row) for row in rows], np.float32)

    def _embed(self, row: Mapping[str, Cell]) -> list[float]:
        """Embed one row."""
        vector: list[float] = []
        for name in sorted(row):
            cell = row[name]
            if isinstance(cell, str):
                place = zlib.crc32(cell.encode("utf-8", "surrogatepass")) % _PLACES
                vector += [float(i == place) for i in range(_PLACES)]
            else:
                vector.append(self._number(name, float(cell)))
        return vector

    def _number(self, name: str, number: float) -> float:
        """Bring a number to a common size."""
        if not math.isfinite(number):
            return 0.0
        centre, scale = (self.centre or {}).get(name), (self.scale or {}).get(name)
        if centre is None and scale is None:
            return math.copysign(math.log1p(abs(number)), number)
        return (number - (centre or 0.0)) / (scale or 1.0)
