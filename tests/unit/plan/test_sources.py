from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import ShareTable, integer_weights
from lightning_synthaug.plan.sources import MAX_PERIOD, occurrence


@pytest.mark.parametrize("weights", [[1], [3, 1], [5, 3, 1], [1, 0, 2], [97, 2, 1]])
def test_counts_stay_within_one_of_the_share(weights: list[int]) -> None:
    table = ShareTable(weights)
    who = table.who(np.arange(3 * table.period))
    for number in range(who.size + 1):
        counts = np.bincount(who[:number], minlength=len(weights))
        assert counts.tolist() == table.counts(number).tolist()
        exact = np.array(weights) * number / table.period
        assert (np.abs(counts - exact) < 1).all()
    assert table.rank(np.arange(who.size)).tolist() == occurrence(who).tolist()


@pytest.mark.parametrize(
    ("weights", "whole"),
    [({"a": 3, "b": 1}, [3, 1]), ({"b": 0.1, "a": 0.3}, [3, 1]), ({"a": 50, "b": 50}, [1, 1])],
)
def test_weights_become_small_integers(weights: dict[str, float], whole: list[int]) -> None:
    assert integer_weights(weights, known=["a", "b"]) == whole


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "2", None])
def test_weights_must_be_positive_numbers(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"`weights\['a'\]` must be a number above 0.*SA102"):
        integer_weights({"a": value, "b": 1}, known=["a", "b"])


@pytest.mark.parametrize("weights", [[1, 2], 3, "ab"])
def test_weights_must_be_a_mapping(weights: Any) -> None:
    with pytest.raises(ConfigError, match=r"`weights` must be a mapping .*, got .*SA103"):
        integer_weights(weights, known=["a", "b"])


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ({"a": 1, "c": 1}, r"unknown: \['c'\], missing: \['b'\]"),
        ({"a": 1}, r"unknown: \[\], missing: \['b'\]"),
    ],
)
def test_weights_must_name_each_source(weights: dict[str, float], match: str) -> None:
    with pytest.raises(ConfigError, match=rf"name each source once.*{match}.*SA103"):
        integer_weights(weights, known=["a", "b"])


def test_shares_too_small_for_a_period_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"half of a part in 16384.*next to nothing.*SA102"):
        integer_weights({"a": 1.0, "b": 1e-7}, known=["a", "b"])


def test_inverse_counts_are_read_as_fractions() -> None:
    assert integer_weights({0: 1 / 70, 1: 1 / 20, 2: 1 / 10}, known=[0, 1, 2]) == [2, 7, 14]


def test_weights_without_a_short_period_are_rounded() -> None:
    weights = {i: 1 / (1009 + 2 * i) for i in range(50)}
    whole = integer_weights(weights, known=list(weights))
    assert sum(whole) <= MAX_PERIOD
    for i, n in enumerate(whole):
        assert n / sum(whole) == pytest.approx(weights[i] / sum(weights.values()), rel=0.01)


def test_numpys_numbers_are_taken() -> None:
    assert integer_weights({"a": np.float32(0.3), "b": np.int64(1)}, known=["a", "b"]) == [3, 10]
