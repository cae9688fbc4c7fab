from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.generators.gates.limits import Limits


def rows(count: int, seed: int = 0) -> list[dict[str, float]]:
    """Two measures that thin out differently, and a habit that one in a hundred has."""
    rng = np.random.default_rng(seed)
    drawn = zip(rng.normal(size=count), rng.exponential(size=count), strict=True)
    return [{"a": a, "b": b, "c": float(i % 100 == 7)} for i, (a, b) in enumerate(drawn)]


UNITS = {"a": 0.01, "b": 0.01, "c": 0.01}


def kept(limits: Limits, samples: list[dict[str, float]]) -> float:
    return float(np.mean([limits.worst(row)[0] >= 0 for row in samples]))


@pytest.mark.parametrize("share", [0.9, 0.97])
@pytest.mark.parametrize("count", [50, 1000])
def test_a_stated_share_of_others_keeps_to_the_limits(share: float, count: int) -> None:
    shares = [
        kept(Limits(rows(count, seed), UNITS, share=share), rows(2000, seed + 100))
        for seed in range(8)
    ]
    # One draw of 50 samples may be far off; what is promised is the mean of many.
    assert share - 0.02 < np.mean(shares) < 1
    assert all(kept(Limits(s, UNITS, share=share), s) >= share for s in [rows(count)])


def test_measures_that_thin_out_slowly_get_limits_further_out() -> None:
    names = dict.fromkeys("abcdefghi", 1e-06)

    def heavy(count: int, seed: int) -> list[dict[str, float]]:
        drawn = np.random.default_rng(seed).standard_t(2, (count, len(names)))
        return [dict(zip(names, row.tolist(), strict=True)) for row in drawn]

    shares = [
        kept(Limits(heavy(200, seed), names, share=0.95), heavy(1000, seed + 50))
        for seed in range(10)
    ]
    assert 0.94 < np.mean(shares) < 0.98


def test_few_samples_still_give_limits() -> None:
    limits = Limits(rows(12), UNITS, share=0.99)
    assert limits.worst({"a": 30.0, "b": 0.0, "c": 0.0})[1] == "a"
    assert limits.worst({"a": 0.0, "b": 60.0, "c": 0.0})[1] == "b"


def test_what_none_does_is_refused_and_what_some_do_is_not() -> None:
    never = [{**row, "c": 0.0} for row in rows(300)]
    assert Limits(never, UNITS, share=0.99).worst({"a": 0.0, "b": 0.0, "c": 1.0})[1] == "c"
    often = [{**row, "c": float(i % 20 == 0)} for i, row in enumerate(rows(300))]
    assert Limits(often, UNITS, share=0.99).worst({"a": 0.0, "b": 0.0, "c": 1.0})[1] == ""


def test_a_habit_of_a_few_makes_no_room_for_anything_else() -> None:
    never = [{**row, "c": 0.0} for row in rows(300)]
    for share in (0.99, 0.999):
        with_habit = Limits(rows(300), UNITS, share=share)
        without = Limits(never, UNITS, share=share)
        sample = {"a": 0.0, "b": 25.0, "c": 0.0}
        assert with_habit.worst(sample)[1] == without.worst(sample)[1] == "b"


def thinning(habit: int) -> list[dict[str, float]]:
    """One measure that thins out, the two highest of 300 at 5.3 and 6.4, and a habit of some."""
    falling = -np.log((np.arange(300) + 0.5) / 300)
    return [{"a": a, "b": 0.0, "c": float(i >= 300 - habit)} for i, a in enumerate(falling)]


def test_limits_that_have_least_to_go_are_raised_first() -> None:
    # Four may be refused. Of "a" two are, and the habit of three: "a" makes room.
    limits = Limits(thinning(habit=3), UNITS, share=0.985)
    assert limits.worst({"a": 0.0, "b": 0.0, "c": 1.0})[1] == "c"
    assert limits.worst({"a": 5.295, "b": 0.0, "c": 0.0})[1] == ""


def test_what_was_raised_in_vain_comes_down_again() -> None:
    # The habit of five has to be let pass; then there is room enough for the two highest of "a".
    limits = Limits(thinning(habit=5), UNITS, share=0.985)
    assert limits.worst({"a": 0.0, "b": 0.0, "c": 1.0})[1] == ""
    assert limits.worst({"a": 5.295, "b": 0.0, "c": 0.0})[1] == "a"


def test_samples_that_are_refused_anyway_count_against_the_share() -> None:
    measured = rows(300)
    lost = Limits([*measured, *[None] * 9], UNITS, share=0.97)
    assert kept(lost, measured) == 1  # nothing is left of what may be refused
    assert kept(Limits(measured, UNITS, share=0.97), measured) < 1


def test_what_is_not_measured_is_within_the_limits() -> None:
    some = [{"a": float(i), "gap": 1.0} if i % 3 else {"a": float(i)} for i in range(30)]
    limits = Limits(some, {"a": 1.0, "gap": 1.0, "never": 1.0}, share=0.9)
    assert limits.worst({"a": 3.0})[1] == ""
    assert limits.worst({"a": 3.0, "never": 1e9})[1] == ""
    assert limits.worst({"a": 3.0, "gap": 1e9})[1] == "gap"
