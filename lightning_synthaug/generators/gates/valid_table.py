"""Could a row of a table be a real one: in range, of known categories, whole where real ones are?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Final, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.cells import Cell, cells_of
from lightning_synthaug.generators.gates.validity import Gauge, Validity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.data.record import Record

__all__ = ["ValidTable"]

#: Different numbers that must all be whole before a field counts as one of whole numbers.
_WHOLE: Final = 3
#: What means something in a field of numbers, as a share of how far most of them spread.
_STEP: Final = 0.01


@final
class ValidTable(Validity[dict[str, Cell]]):
    """Refuse rows with values out of the real range, unknown categories, or gaps that no real row has.

    Each field is judged by itself: how far numbers may lie beyond those seen, and whether a word
    that was never seen is one, follows from how the real ones thin out. Fields of whole numbers
    stay whole. The label is no field.

    Args:
        share: Share of held-out real rows that pass.

    Raises:
        ConfigError: `share` lies outside (0, 1) (SA452).
    """

    name = "valid table"
    modality = "tabular"
    version: ClassVar[int] = 1
    most: ClassVar[int] = 10000

    def __init__(self, *, share: float = 0.99) -> None:
        check_threshold("auto", share)
        self.share = share

    def read(self, record: Record) -> dict[str, Cell]:
        """Read the cells of a row."""
        cells = cells_of(record)
        if not cells:
            raise GateError(
                "SA450",
                "A gate for tables needs numbers or words in the fields of each sample, got "
                f"{record!r}. Use a gate for its modality, or pass `record=`.",
            )
        return cells

    def learn(self, readings: Sequence[dict[str, Cell]]) -> _Gauge:
        """Learn what the fields of real rows hold."""
        return _Gauge(readings)


@final
class _Column:
    """What one field of real rows holds."""

    def __init__(self, cells: Sequence[Cell], rows: int) -> None:
        self.words = {cell for cell in cells if isinstance(cell, str)}
        numbers = np.array([float(cell) for cell in cells if not isinstance(cell, str)])
        finite = numbers[np.isfinite(numbers)]
        self.numeric = finite.size > 0
        self.gaps = len(cells) < rows or finite.size < numbers.size
        whole = bool((finite == np.floor(finite)).all())
        typed = all(isinstance(cell, int) for cell in cells)
        self.whole = whole and (typed or np.unique(finite).size >= _WHOLE)
        low, high = np.quantile(finite, [0.1, 0.9]) if self.numeric else (0.0, 0.0)
        spread = (high - low) or (float(finite.std()) if self.numeric else 0.0) or 1.0
        self.step = _STEP * float(spread)

    def fault(self, cell: Cell) -> str:
        """Say what is wrong with a cell whatever real ones measure."""
        if isinstance(cell, str):
            return ""
        if not math.isfinite(cell):
            return "" if self.gaps else "missing"
        return "not whole" if self.whole and cell != math.floor(cell) else ""

    def measure(self, cell: Cell) -> dict[str, float]:
        """Measure a cell."""
        if isinstance(cell, str):
            return {"unknown": float(cell not in self.words)}
        if not math.isfinite(cell):
            return {}
        number = float(cell)
        return {"too low": -number, "too high": number, "unknown": float(not self.numeric)}


@final
class _Gauge(Gauge[dict[str, Cell]]):
    """What is measured of each field, by its name and that of the fault."""

    def __init__(self, rows: Sequence[dict[str, Cell]]) -> None:
        names = dict.fromkeys(name for row in rows for name in row)
        self.columns = {
            name: _Column([row[name] for row in rows if name in row], len(rows)) for name in names
        }
        self.units = {}
        for name, column in self.columns.items():
            self.units |= {f"{name} too low": column.step, f"{name} too high": column.step}
            self.units[f"{name} unknown"] = _STEP

    def fault(self, reading: dict[str, Cell]) -> str:
        """Refuse gaps, and parts of what comes whole."""
        for name, column in self.columns.items():
            fault = column.fault(reading.get(name, math.nan))
            if fault:
                return f"{name} {fault}"
        return ""

    def measure(self, reading: dict[str, Cell]) -> dict[str, float]:
        """Measure each cell."""
        return {
            f"{name} {what}": amount
            for name, column in self.columns.items()
            for what, amount in column.measure(reading.get(name, math.nan)).items()
        }
