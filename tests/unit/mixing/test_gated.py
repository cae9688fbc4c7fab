"""Which gates a source gets, and what they are fitted on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch.utils.data import Dataset

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


def test_without_a_word_they_are_those_that_a_generator_asks_for() -> None:
    class Careful(Tracer):
        def default_gates(self) -> list[LabelConsistency]:
            return [ONE]

    sources = {"gan": Careful(), "made": traced_dataset(4), "other": Tracer()}
    assert [gates_of(None, name, sources) for name in sources] == [[ONE], [], []]
    assert gates_of((), "gan", sources) == []
    assert gates_of({"other": TWO}, "gan", sources) == []
    recipe = sa.Recipe(source=Careful(), ratio=0.5)
    assert [recipe.gates_of(name) for name in recipe.sources] == [[ONE]]


@pytest.mark.parametrize(
    "wrong", ["label", [1], {"made": ONE}, {"gun": ONE}, {"gan": "label"}, len]
)
def test_what_is_no_gate_is_refused_where_it_was_written(wrong: Any) -> None:
    with pytest.raises(ConfigError, match=r"`gates` must .*SA114"):
        gates_of(wrong, "gan", SOURCES)
    with pytest.raises(ConfigError, match="SA114"):
        sa.Recipe(source={"gan": Tracer(), "made": traced_dataset(4)}, ratio=0.5, gates=wrong)


class Augmented(Dataset[Any]):
    """Shows another image each time; with the generators that everybody uses, or with one of its own."""

    def __init__(self, own: bool) -> None:
        self._rng = np.random.default_rng() if own else None

    def __len__(self) -> int:
        return 9

    def __getitem__(self, index: int) -> Any:
        noise = np.random.random((4, 4)) if self._rng is None else self._rng.random((4, 4))  # noqa: NPY002  # as users do
        return noise.astype(np.float32), index % 3


@pytest.mark.parametrize("own", [False, True])
def test_a_dataset_that_augments_is_known_again(own: bool) -> None:
    def known() -> list[str]:
        data = Augmented(own)
        return gating(
            [ONE], Tracer(), data, adapt(data), np.arange(9) % 3, LabelMap(None)
        ).fingerprints

    before = np.random.get_state()[1].copy()  # type: ignore[union-attr]  # noqa: NPY002
    assert known() == known()
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_real_samples_come_with_the_labels_of_the_generator() -> None:
    dataset = traced_dataset(6)
    labels = np.array([0, 1, 0, 0, 0, 2])
    label_map = LabelMap({0: 5, 1: 6, 2: 7})
    found = gating([ONE], Tracer(), dataset, adapt(dataset), labels, label_map)
    assert found._real is not None
    assert found._real.labels is not None
    assert found._real.labels.tolist() == [5, 6, 5, 5, 5, 7]
    assert found._real.read([1])[0]["label"] == 1
    assert not gating([], Tracer(), None, None, None, LabelMap(None))  # type: ignore[arg-type]
