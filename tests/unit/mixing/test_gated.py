"""Which gates a source gets, and what they are fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lightning_synthaug as sa
from lightning_synthaug.data import LabelMap, adapt
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.gates import FidelityBand, LabelConsistency
from lightning_synthaug.mixing.gated import gates_of, gating
from tests.helpers.traced import Tracer, traced_dataset

SOURCES = {"gan": Tracer(), "made": traced_dataset(4)}
ONE, TWO = LabelConsistency(), FidelityBand()


def test_gates_are_those_of_all_or_of_one() -> None:
    assert gates_of(ONE, "gan", SOURCES) == [ONE]
    assert gates_of([ONE, TWO], "gan", SOURCES) == [ONE, TWO]
    assert gates_of({"gan": [TWO]}, "gan", SOURCES) == [TWO]
    assert gates_of({}, "gan", SOURCES) == []
    assert gates_of([ONE], "made", SOURCES) == []


@pytest.mark.parametrize(
    "wrong", ["label", [1], None, {"made": ONE}, {"gun": ONE}, {"gan": "label"}, len]
)
def test_what_is_no_gate_is_refused_where_it_was_written(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"`gates` must .*SA114"):
        gates_of(wrong, "gan", SOURCES)
    with pytest.raises(ConfigError, match="SA114"):
        sa.Recipe(source={"gan": Tracer(), "made": traced_dataset(4)}, ratio=0.5, gates=wrong)


def test_real_samples_come_with_the_labels_of_the_generator() -> None:
    dataset = traced_dataset(6)
    labels = np.array([0, 1, 0, 0, 0, 2])
    found = gating(
        [ONE],
        Tracer(),
        dataset=dataset,
        adapter=adapt(dataset),
        labels=labels,
        label_map=LabelMap({0: 5, 1: 6, 2: 7}),
    )
    assert found._real is not None
    assert found._real.labels is not None
    assert found._real.labels.tolist() == [5, 6, 5, 5, 5, 7]
    assert found._real.read([1])[0]["label"] == 1
    assert not gating(
        [], Tracer(), dataset=None, adapter=None, labels=None, label_map=LabelMap(None)
    )  # type: ignore[arg-type]
