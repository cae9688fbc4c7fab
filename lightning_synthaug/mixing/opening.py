"""Open the sources whose samples are made on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightning_synthaug.data import DatasetAdapter, LabelMap
from lightning_synthaug.filling import Check, SourceFiller, SourceNeeds
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.gated import gating
from lightning_synthaug.mixing.options import choose_device
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.watches import Watches
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.store import Store

__all__ = ["open_sources"]


def open_sources(
    recipe: Recipe,
    *,
    dataset: Any,
    adapter: DatasetAdapter,
    labels: Int64Array | None,
    label_map: LabelMap,
    store: Store,
    check: Check | None = None,
) -> list[SourceFiller]:
    """Open the generators of a recipe.

    Args:
        recipe: What to mix.
        dataset: The user's training data.
        adapter: Reads its samples.
        labels: The user's labels, or None.
        label_map: From the user's labels to the generators'.
        store: The sample store.
        check: Holds the first sample of a source against real ones.

    Returns:
        One for each source that is a generator, in order; nothing is loaded yet.
    """
    values = np.empty(0, np.int64) if labels is None else np.unique(labels)
    watches = Watches(recipe, dataset, labels=labels, label_map=label_map)
    real = dataset, adapter, labels, label_map
    fillers = []
    for number, (name, source) in enumerate(recipe.sources.items(), start=1):
        if not isinstance(source, Generator):
            continue
        needs = SourceNeeds(
            number,
            source,
            values=values,
            label_map=label_map,
            generation_seed=recipe.generation_seed,
            twins=adapter,
            gating=gating(recipe.gates_of(name), source, *real),
            watching=watches.of(source),
            check=check,
        )
        fillers.append(SourceFiller(name, needs, store, device=choose_device(recipe.device)))
    return fillers
