"""The watch for collapse of each source, and the real samples that all of them are held against."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data import LabelMap, adapt
from lightning_synthaug.data.bare import apart
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.filling import Watching
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.gates import RealSamples
from lightning_synthaug.generators.gates.embeddings import Embedding
from lightning_synthaug.generators.gates.watch import CollapseWatch, Reference, embedding_for
from lightning_synthaug.mixing.displaced import DisplacedRows
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Watches"]

#: Real samples that are read: fifty of each of ten labels.
_SAMPLES: Final = 500


class _Real(NamedTuple):
    """Real samples, embedded, and the user's labels where there are some."""

    embedding: Embedding
    vectors: npt.NDArray[np.float32]
    labels: Int64Array | None


@final
class Watches:
    """Makes the watch of each source. Real samples are read at the first sample that is made, once for all sources.

    Beside the training none are read, unless gates read some anyhow: its first batch would wait for them.

    Args:
        recipe: What to mix.
        dataset: The user's training data.
        labels: The user's labels, or None.
        label_map: From the user's labels to the generators'.
    """

    def __init__(
        self, recipe: Recipe, dataset: Any, *, labels: Int64Array | None, label_map: LabelMap
    ) -> None:
        self._recipe, self._dataset = recipe, dataset
        self._labels, self._label_map = labels, label_map

    def of(self, generator: Generator) -> Watching:
        """Return the watch over a source.

        Args:
            generator: The source.
        """
        action = self._recipe.on_collapse
        if action == "off":
            return Watching()
        return Watching(lambda: self._watch(generator.conditioning), stops=action == "stop")

    def _watch(self, conditioning: str) -> CollapseWatch:
        """Make a watch; where real samples cannot be read, the generator's own first ones take their place."""
        chooses, real = conditioning == "none", self._real
        if real is None:
            return CollapseWatch(chooses=chooses)
        labels = real.labels
        if labels is not None and conditioning == "class":
            labels = self._label_map.to_generator(labels)
        return CollapseWatch(real.embedding, Reference(real.vectors, labels), chooses=chooses)

    @cached_property
    def _real(self) -> _Real | None:
        """Read and embed some real samples."""
        recipe = self._recipe
        if isinstance(self._dataset, DisplacedRows):
            return None  # the rows of a stream are not there yet
        fitted = any(gate.fitted for name in recipe.sources for gate in recipe.gates_of(name))
        if recipe.fill == "background" and not fitted:
            return None  # training is to begin at once
        try:
            adapter = adapt(apart(self._dataset), item=recipe.item, record=recipe.record)
            real = RealSamples(len(self._dataset), adapter.record, labels=self._labels)
            chosen = real.spread(_SAMPLES)
            with seeded_globals(0):  # samples that are random must not move the user's random state
                records = real.read(chosen)
                embedding = embedding_for(records[0])
                vectors = embedding.embed(records)
        except Exception:  # a dataset of the user's own may need anything to tell its raw samples
            return None
        return _Real(embedding, vectors, None if self._labels is None else self._labels[chosen])
