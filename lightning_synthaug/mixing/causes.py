"""Why a real sample stands where a synthetic one was planned, a small number for each row."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling import GIVEN_UP, UNKNOWN
from lightning_synthaug.plan import REAL, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array

__all__ = [
    "CAUSES",
    "DAMAGED",
    "MISFIT",
    "REJECTED",
    "REPLAYED",
    "STARVED",
    "UNMAKEABLE",
    "Codes",
    "causes",
]

#: One code a row: 0 where what was planned is served, else a cause. Shape `(n,)`.
Codes = npt.NDArray[np.int8]

#: Not there in time; every attempt turned down; a label that the source cannot make; found damaged when it was read;
#: does not fit the batch.
STARVED, REJECTED, UNMAKEABLE, DAMAGED, MISFIT = range(1, 6)
#: Names of the codes from 1 on.
CAUSES: Final = ("starved", "rejected", "unmakeable", "damaged", "misfit")
#: This less a code is the place of a sample that is left out because it was when the run was recorded.
REPLAYED: Final = -16


def causes(
    planned: PlannedSlots,
    served: Int64Array,
    shard: npt.NDArray[np.int64],
    is_generated: npt.NDArray[np.bool_],
) -> Codes | None:
    """Tell why rows are not what was planned.

    Args:
        planned: The rows of a batch.
        served: Source served for each. Shape `(n,)`.
        shard: Where generated samples lie, negative where nowhere. Shape `(n,)`.
        is_generated: Whether a source's samples come from the store. Shape `(sources + 1,)`.

    Returns:
        A code for each row; None where all are as planned.
    """
    lost = (planned.source != REAL) & (served == REAL)
    if not lost.any():
        return None
    place = np.where(is_generated[planned.source], shard, 0)
    code = np.full(lost.size, MISFIT, np.int8)
    code[place == UNKNOWN] = STARVED
    code[place == GIVEN_UP] = REJECTED
    code[planned.index < 0] = UNMAKEABLE
    replayed = place < REPLAYED
    code[replayed] = REPLAYED - place[replayed]
    code[~lost] = 0
    return code
