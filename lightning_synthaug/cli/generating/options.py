"""The options of mixing, from the configuration that a run has; no trainer is needed to read it."""

from __future__ import annotations

from typing import Any, final

from lightning_synthaug.mixing import Recipe, Source
from lightning_synthaug.plan import Schedule
from lightning_synthaug.trainer.configuration import Configurable

__all__ = ["SynthAug"]


@final
class SynthAug(Configurable):
    """What the callback of the same configuration would mix. The name is the one that configurations give.

    Args:
        source: A generator, a synthetic dataset, or several by name.
        ratio: Synthetic share of the batches.
        options: Any further option of `Recipe`.
    """

    def __init__(self, source: Source, ratio: float | Schedule, **options: Any) -> None:
        self.recipe = Recipe(source=source, ratio=ratio, **options)
