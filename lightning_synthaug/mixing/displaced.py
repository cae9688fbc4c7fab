"""The rows that synthetic ones displace, as a small map-style dataset: what a stream has in place of an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
from torch.utils.data import Dataset

from lightning_synthaug.data import LabelMap
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["POOL", "DisplacedRows", "known_labels"]

#: Samples kept of each label when `pool` is not given: a stream has no length to go by.
POOL = 100

#: Numbers of rows begin again after so many; no batch has as many.
_NUMBERS = 1 << 20


@final
class DisplacedRows(Dataset[Any]):
    """What the adapters and the plan take for the dataset: `pool` samples of each label, none of which is there.

    Reading a sample gives the row of the present batch that was put under this number, else any row, as an example of
    how rows are built.

    Args:
        labels: The labels that may be asked for, ascending; empty when none is.
        pool: Samples of each, >= 1.
    """

    #: A number names a row only while its batch is made: nothing may be known by it later.
    passing = True

    def __init__(self, labels: Int64Array, pool: int) -> None:
        self.pool = pool
        self.targets = np.repeat(labels, pool) if labels.size else None
        self._size = pool * max(1, labels.size)
        self._rows: dict[int, Any] = {}
        self._next = 0

    def __len__(self) -> int:
        """Return the number of different samples."""
        return self._size

    def __getitem__(self, index: int) -> Any:
        """Return a row of the present batch."""
        return self._rows[index] if index in self._rows else next(iter(self._rows.values()))

    def show(self, rows: list[Any]) -> Int64Array:
        """Put up the rows of a batch; those of the batch before are gone.

        Args:
            rows: Items, at least one.

        Returns:
            The number of each, under which it is read. Shape `(n,)`.
        """
        numbers = (self._next + np.arange(len(rows), dtype=np.int64)) % _NUMBERS
        self._next += len(rows)
        self._rows = dict(zip(numbers.tolist(), rows, strict=True))
        return numbers


def known_labels(recipe: Recipe) -> Int64Array:
    """List the user's labels that synthetic rows may be asked for.

    Args:
        recipe: What to mix.

    Returns:
        Labels, ascending; empty where no source is asked for labels.

    Raises:
        ConfigError: A class-conditional generator does not tell its labels, and no option does (SA643).
    """
    if isinstance(recipe.balance, Mapping):
        return np.array(sorted(recipe.balance), np.int64)
    found: set[int] = set()
    for name, source in recipe.sources.items():
        if isinstance(source, Generator) and source.conditioning == "class":
            found.update(_of(name, source, recipe))
    return np.array(sorted(found), np.int64)


def _of(name: str, source: Generator, recipe: Recipe) -> set[int]:
    """List the labels of one generator, in the user's numbers."""
    if source.labels is not None:
        labels = LabelMap(recipe.label_map)
        users = (labels.user_label(label) for label in source.labels)
        return {u for u in users if u is not None}
    if recipe.label_map is not None:
        return set(recipe.label_map)
    if recipe.class_names is not None:
        names = recipe.class_names
        return set(names) if isinstance(names, Mapping) else set(range(len(names)))
    raise ConfigError(
        "SA643",
        f"The labels that {name!r} is asked for must be known before a stream begins, got none from {source!r}. Pass "
        "`class_names=`, one name for each label, or `label_map={user_label: generator_label}`.",
    )
