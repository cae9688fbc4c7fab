"""The plan that a run must have followed, compiled apart from it."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.mixing import Mixture
from lightning_synthaug.plan import Epoch, Plan
from tests.helpers.traced import traced_dataset


def plan_of(
    recipe: Any, batches: int, *, size: int = 45, batch: int = 8, shuffle: bool = True
) -> Plan:
    """Compile a recipe for `traced_dataset(size)` in global batches of `batch`, over a number of batches."""
    epoch = Epoch(size, batch)
    mixture = Mixture(recipe, traced_dataset(size))
    return mixture.compile(epoch, epoch.slot(batches), shuffle=shuffle)
