"""The alarm: soon where few are new, and never by chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lightning_synthaug.generators.gates.watch.evidence import Evidence


def alarm(evidence: Evidence, new: np.ndarray) -> int | None:
    """After how many samples there is an alarm."""
    return next((i for i, n in enumerate(new, start=1) if evidence.add(bool(n))), None)


def healthy(share: float, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(size) < share


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 1.0])
def test_none_while_as_many_are_new_as_were(share: float) -> None:
    assert alarm(Evidence(), healthy(share, 100_000)) is None


@pytest.mark.parametrize("seed", range(5))
def test_none_when_a_third_fewer_are_new(seed: int) -> None:
    evidence = Evidence()
    assert alarm(evidence, healthy(0.9, 500, seed)) is None
    assert alarm(evidence, healthy(0.6, 50_000, seed)) is None


@pytest.mark.parametrize(("share", "most"), [(0.5, 120), (0.8, 60), (1.0, 40)])
def test_soon_when_nothing_is_new_any_more(share: float, most: int) -> None:
    for seed in range(20):
        evidence = Evidence()
        assert alarm(evidence, healthy(share, 200, seed)) is None
        after = alarm(evidence, np.zeros(1000))
        assert after is not None
        assert after <= most


def test_the_run_begins_where_it_began() -> None:
    evidence = Evidence()
    assert alarm(evidence, np.ones(200)) is None
    assert alarm(evidence, np.zeros(100)) == 36
    assert (evidence.run, evidence.run_fresh, evidence.usual) == (36, 0, 1.0)


def test_a_floor_finds_what_was_so_from_the_beginning() -> None:
    assert alarm(Evidence(), np.zeros(10_000)) is None
    assert alarm(Evidence(0.25), np.zeros(10_000)) == 90
    assert alarm(Evidence(0.25), healthy(0.4, 100_000)) is None


def test_at_the_edge_the_odds_are_a_fair_bet() -> None:
    """Their mean is one where exactly the half is new: hence the bound on false alarms."""
    least = 0.5
    old = math.exp(math.log((1 - 0.25 * least) / (1 - least)))
    assert least * 0.25 + (1 - least) * old == pytest.approx(1.0)
