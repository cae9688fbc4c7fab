from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.allocation import SourceSpec, label_stages
from lightning_synthaug.plan.knots import Breakpoint, Knots
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.position import Epoch
from lightning_synthaug.plan.sources import ShareTable
from lightning_synthaug.plan.stretches import Stretch

LABELS = LabelIndex(np.array([3, 3, 3, 7, 9, 9]))


def stages(source: SourceSpec, balance: Any, labels: LabelIndex | None = LABELS) -> Any:
    half = Stretch(0, Knots([Breakpoint(0, 0.5, 0.5)]), Epoch(6, 2))
    return label_stages(
        [source], balance=balance, labels=labels, stretches=[half], shares=ShareTable([1])
    )


def asked(source: SourceSpec, balance: Any, count: int = 4096) -> dict[int, int]:
    (allocation,) = stages(source, balance)
    place, _ = allocation.assign(np.arange(count))
    return dict(
        zip(*(a.tolist() for a in np.unique(LABELS.values[place], return_counts=True)), strict=True)
    )


def test_proportional_asks_for_nothing() -> None:
    assert stages(SourceSpec("s"), "proportional", None) is None


def test_weights_are_kept_exactly_over_a_period() -> None:
    assert asked(SourceSpec("s"), {3: 1, 9: 3}, 400) == {3: 100, 9: 300}


def test_uniform_fills_the_rarest_first() -> None:
    # Half of the batch is real: 1/4, 1/12 and 1/6 of it. Level at 1/3 each, that leaves 1/12, 1/4 and 1/6.
    counts = asked(SourceSpec("s"), "uniform")
    assert [round(c / 4096, 2) for c in counts.values()] == [0.17, 0.5, 0.33]


def test_only_makeable_labels_are_asked_for() -> None:
    assert set(asked(SourceSpec("s", labels=frozenset({7, 100})), "uniform")) == {7}
    existing = SourceSpec("s", items=np.array([9, 9, 3]))
    assert set(asked(existing, {3: 1, 7: 1, 9: 1})) == {3, 9}


def test_errors() -> None:
    with pytest.raises(ConfigError, match=r"needs the labels.*SA112"):
        stages(SourceSpec("s"), "uniform", None)
    with pytest.raises(
        ConfigError, match=r"got \[100\] for a dataset with labels \[3, 7, 9\].*SA113"
    ):
        stages(SourceSpec("s", labels=frozenset({100})), "uniform")
    with pytest.raises(ConfigError, match=r"labels that occur.*\{5: 1\}.*SA111"):
        stages(SourceSpec("s"), {5: 1})
