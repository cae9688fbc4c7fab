"""Describe a recipe's sources to the plan."""

from __future__ import annotations

from typing import Any

import numpy as np

from lightning_synthaug.data import LabelMap, find_labels
from lightning_synthaug.data.labels import stored_labels
from lightning_synthaug.generators import Generator, check_generator
from lightning_synthaug.mixing.naming import check_class_names
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan import AnyPlan, PlannedSlots, SourceChange, SourceSpec

__all__ = ["source_specs", "unmakeable_text"]


def source_specs(recipe: Recipe, dataset: Any, label_map: LabelMap) -> list[SourceSpec]:
    """Describe every source: its share, its pool, and the labels that it can make or has.

    Args:
        recipe: What to mix.
        dataset: The user's dataset.
        label_map: From the user's labels to the generators'.

    Returns:
        One description for each source, in order.

    Raises:
        ConfigError: A generator's labels stand for other classes than the dataset's (SA117).
        GeneratorContractBroken: A generator says of itself what none may (SA495).
    """
    named = zip(recipe.sources.items(), recipe.source_weights(), strict=True)
    return [
        _generated(recipe, dataset, label_map, name, source, weight)
        if isinstance(source, Generator)
        else _existing(recipe, name, source, weight)
        for (name, source), weight in named
    ]


def _existing(recipe: Recipe, name: str, source: Any, weight: int) -> SourceSpec:
    """Describe a synthetic dataset: its items are what there is."""
    labels = stored_labels(source)
    if labels is None and recipe.balance != "proportional":
        labels = find_labels(source, progress=True).codes
    items = np.full(len(source), -1, np.int64) if labels is None else labels
    return SourceSpec(name, weight, items=items)


def _generated(
    recipe: Recipe, dataset: Any, label_map: LabelMap, name: str, source: Generator, weight: int
) -> SourceSpec:
    """Describe a generator."""
    check_generator(source)
    makeable = None
    if source.conditioning == "class":
        check_class_names(name, source, dataset, recipe)
        if source.labels is not None:
            users = (label_map.user_label(label) for label in source.labels)
            makeable = frozenset(u for u in users if u is not None)
        elif recipe.label_map is not None:
            makeable = frozenset(recipe.label_map)
    return SourceSpec(name, weight, recipe.pool, recipe.reuse, makeable)


def unmakeable_text(recipe: Recipe, planned: PlannedSlots, plan: AnyPlan | None = None) -> str:
    """Say which labels the sources cannot make.

    Args:
        recipe: What is mixed.
        planned: Rows that no sample can be made for.
        plan: The plan, or None.

    Returns:
        One line; empty where the labels are not what they lack: their source has collapsed, now or in a run that is
        replayed.
    """
    history = () if plan is None else plan.history
    changed = [event.source + 1 for event in history if isinstance(event, SourceChange)]
    planned = planned.where((planned.index < 0) & ~np.isin(planned.source, changed))
    if not len(planned):
        return ""
    labels = sorted(set(planned.label.tolist()))
    names = [list(recipe.sources)[s - 1] for s in sorted(set(planned.source.tolist()))]
    return (
        f"{names} cannot make the labels {labels}; their slots stay real and are counted as `unmakeable`. "
        "Give the generator all classes, by `class_names=` where it is told them; where it numbers them differently, "
        "pass label_map={user_label: generator_label}"
    )
