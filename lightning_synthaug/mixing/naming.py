"""Hold the class names of a generator against those of the dataset: numbers alone can be shifted silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightning_synthaug.data import LabelMap
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.recipe import Recipe

__all__ = ["check_class_names"]


def check_class_names(name: str, generator: Generator, dataset: Any, recipe: Recipe) -> None:
    """Refuse a generator whose labels stand for other classes than the dataset's.

    Compared only where both sides tell names: the generator by `label_names`, the user by `class_names=` or by the
    dataset's `.classes`.

    Args:
        name: The source's name.
        generator: The generator.
        dataset: The user's dataset.
        recipe: What to mix.

    Raises:
        ConfigError: A label has different names on both sides (SA117).
    """
    theirs = generator.label_names()
    ours = _user_names(dataset, recipe)
    if not theirs or not ours:
        return
    label_map = LabelMap(recipe.label_map)
    pairs = {label: label_map.generator_label(label) for label in ours}
    wrong = [
        f"  label {label}: {ours[label]!r} in the dataset, {theirs[g]!r} in the generator"
        for label, g in pairs.items()
        if g is not None and g in theirs and theirs[g].casefold() != ours[label].casefold()
    ]
    if not wrong:
        return
    by_name = {n.casefold(): label for label, n in theirs.items()}
    right = {label: by_name[n.casefold()] for label, n in ours.items() if n.casefold() in by_name}
    advice = (
        f"Pass label_map={right}"
        if right
        else "Rename the classes of one side, or pass `label_map=`"
    )
    table = "\n".join(wrong)
    raise ConfigError(
        "SA117",
        f"A label must stand for the same class in the dataset and in the generator {name!r}, got\n{table}\n{advice}, "
        "which says {user_label: generator_label}.",
    )


def _user_names(dataset: Any, recipe: Recipe) -> dict[int, str]:
    """Find the user's class names by label: given, or told by the dataset, through subsets."""
    given = recipe.class_names
    if isinstance(given, Mapping):
        return {int(label): str(n) for label, n in given.items()}
    while given is None and dataset is not None:
        classes = getattr(dataset, "classes", None)
        if isinstance(classes, (list, tuple)) and all(isinstance(c, str) for c in classes):
            given = classes
        dataset = getattr(dataset, "dataset", None)
    return dict(enumerate(given or ()))
