"""Which gates the samples of a source must pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lightning_synthaug.data import DatasetAdapter, LabelMap, Record, fingerprint
from lightning_synthaug.data.transforms.globals import seeded_globals
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling import Gating
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.gates import Gate, RealSamples
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["gates_of", "gating"]


def gates_of(gates: object, name: str, sources: Mapping[str, Any]) -> list[Gate]:
    """Choose the gates of a source out of the option `gates`.

    Args:
        gates: A gate, several, or these by name of the source; None: those that the generator asks for itself.
        name: The source.
        sources: All sources by name.

    Returns:
        Its gates, in order; none for a dataset, whose items are served as they are.

    Raises:
        ConfigError: It holds something else than gates, or names no generator (SA114).
    """
    generators = [n for n, source in sources.items() if isinstance(source, Generator)]
    if gates is None:
        gates = sources[name].default_gates() if name in generators else ()
    if isinstance(gates, Mapping):
        unknown = sorted(set(map(str, gates)) - set(generators))
        if unknown:
            raise ConfigError(
                "SA114",
                f"`gates` must name sources whose samples are made, of {generators}, got {unknown}. Correct the names; "
                "items of a dataset are served as they are.",
            )
        gates = gates.get(name, ())
    several = [gates] if isinstance(gates, Gate) else gates
    if not isinstance(several, Sequence) or not all(isinstance(gate, Gate) for gate in several):
        raise ConfigError(
            "SA114",
            f"`gates` must be a gate, a list of gates, or a mapping from sources to these, got {gates!r}. For a "
            "function of your own use ScoreGate(function).",
        )
    return list(several) if name in generators else []


def gating(
    gates: Sequence[Gate],
    generator: Generator,
    dataset: Any,
    adapter: DatasetAdapter,
    labels: Int64Array | None,
    label_map: LabelMap,
) -> Gating:
    """Give gates the real samples that they are fitted on.

    Args:
        gates: The gates of a source.
        generator: The source.
        dataset: The user's training data.
        adapter: Reads its samples.
        labels: The user's labels, or None.
        label_map: From the user's labels to the generator's.
    """
    if not any(gate.fitted for gate in gates):
        return Gating(gates)
    if labels is not None and generator.conditioning == "class":
        values, places = np.unique(labels, return_inverse=True)
        mapped = [label_map.generator_label(int(value)) for value in values]
        labels = np.array(mapped, np.int64)[places]

    def read(index: int) -> Record:
        with seeded_globals(index):  # a dataset that augments shows all processes the same
            return adapter.record(index)

    real = RealSamples(len(dataset), read, labels=labels, origin=fingerprint(dataset))
    return Gating(gates, real)
