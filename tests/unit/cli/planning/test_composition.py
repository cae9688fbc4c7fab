from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.cli.planning import composition
from lightning_synthaug.cli.planning.composition import Preview
from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.plan import Constant, Linear


def preview(**options: Any) -> Preview:
    given: dict[str, Any] = {"batch_size": 8, "epochs": 10}
    samples = options.pop("samples", 100)
    schedule = options.pop("schedule", Linear(0.0, 0.5))
    return Preview(samples, schedule, **(given | options))


def test_a_run_is_as_long_as_asked() -> None:
    assert preview(epochs=10).batches == 130
    assert preview(epochs=10, drop_last=True).batches == 120
    assert preview(epochs=None, batches=7).batches == 7


def test_each_step_is_the_plans_batch_dealt_to_the_ranks() -> None:
    run = preview(world=4, weights={"a": 3, "b": 1})
    for number in (0, 3, 17, run.batches - 1):
        view = run.step(number)
        planned = run.plan.batch(number)
        assert view.counts.shape == (4, 3)
        assert view.counts.sum(axis=0).tolist() == np.bincount(planned.source, minlength=3).tolist()
        assert (view.epoch, view.batch) == divmod(number, run.epoch.batches)
        owned = np.concatenate([run.rows(planned, rank) for rank in range(4)])
        assert sorted(owned.tolist()) == list(range(len(planned)))


def test_tenths_add_up_to_the_run() -> None:
    run = preview(weights={"a": 2, "b": 1})
    parts, total = run.tenths(), run.total()
    assert len(parts) == 10
    assert sum(part.slots for part in parts) == total.slots == run.plan.slot(run.batches)
    counted = np.concatenate([run.plan.batch(n).source for n in range(run.batches)])
    for number, name in enumerate(("a", "b"), start=1):
        assert sum(part.synthetic[name] for part in parts) == total.synthetic[name]
        assert total.synthetic[name] == np.count_nonzero(counted == number)
    assert total.share == pytest.approx(0.25, abs=0.01)
    assert parts[0].ratio[0] < parts[-1].ratio[1]


def test_a_short_run_has_a_part_a_batch() -> None:
    assert [(p.first, p.last) for p in preview(epochs=None, batches=3).tenths()] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]


def test_distinct_samples_are_the_pool_unless_they_are_replaced() -> None:
    always = Constant(1.0)
    assert preview(schedule=always, pool=30).distinct == {"synthetic": 30}
    assert preview(schedule=always, epochs=4, reuse=2).distinct == {"synthetic": 250}
    assert preview(schedule=Constant(0.0)).distinct == {"synthetic": 0}


def test_distinct_samples_of_a_long_run_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composition, "COUNTED_SLOTS", 10)
    assert preview().distinct is None


@pytest.mark.parametrize("option", ["batch_size", "world", "epochs", "pool", "reuse", "samples"])
def test_counts_below_one_are_refused(option: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"`--{option.replace('_', '-')}` must be at least 1.*SA805"
    ):
        preview(**{option: 0})


@pytest.mark.parametrize(
    "options",
    [
        {"samples": 10**21},
        {"epochs": 10**21},
        {"pool": 10**21},
        {"samples": 10**9, "epochs": 10**9},
    ],
)
def test_runs_beyond_64_bits_are_refused(options: dict[str, int]) -> None:
    given: dict[str, Any] = {"samples": 100, "epochs": 1} | options
    with pytest.raises(ConfigError, match=r"at most 1,000,000,000,000,000, got .*SA805"):
        Preview(given.pop("samples"), Constant(0.3), batch_size=8, **given)


def test_the_longest_run_can_be_shown() -> None:
    run = Preview(
        10**9, Linear(0.0, 0.5), batch_size=10, epochs=10**6, weights={"a": 3.0, "b": 1.0}
    )
    assert run.total().slots == 10**15
    assert run.step(run.batches - 1).counts.sum() == 10


@pytest.mark.parametrize("number", [-1, 130])
def test_a_step_outside_the_run_is_refused(number: int) -> None:
    with pytest.raises(ConfigError, match=r"`--step` must lie in \[0, 129\].*SA805"):
        preview().step(number)


@pytest.mark.parametrize("rank", [-1, 2])
def test_a_rank_outside_the_world_is_refused(rank: int) -> None:
    run = preview(world=2)
    with pytest.raises(ConfigError, match=r"`--rank` must lie in \[0, 1\].*SA805"):
        run.rows(run.step(0).planned, rank)


def test_weights_and_batches_that_do_not_fit_keep_their_own_codes() -> None:
    with pytest.raises(ConfigError, match="SA102"):
        preview(weights={"a": 0})
    with pytest.raises(PlanError, match="SA109"):
        preview(samples=5, drop_last=True)
