"""The callback apart from a fit; with one, see the integration tests."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import Constant
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer


def test_constructing_is_free_and_arguments_stay(tmp_path: Path) -> None:
    generator = Tracer()
    aug = sa.SynthAug(generator, ratio=0.3, cache=tmp_path / "cache", seed=7)
    assert aug.source is generator
    assert (aug.ratio, aug.seed, aug.schedule) == (0.3, 7, Constant(0.3))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(AttributeError, match="no attribute 'rate'"):
        _ = aug.rate
    with pytest.raises(ConfigError, match="SA101"):
        sa.SynthAug(generator, ratio=30)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda aug: pickle.loads(pickle.dumps(aug))])
def test_copies_are_equal_and_have_no_fit_running(again: Any) -> None:
    aug = sa.SynthAug(Tracer(), 0.3)
    aug.setup(trainer(max_epochs=1), recorder(), "fit")
    other = again(aug)
    assert other._session is None
    assert other.ratio == 0.3
    assert other.state_key == aug.state_key == "SynthAug"
    aug.teardown(None, None, "fit")


def test_only_a_fit_is_touched() -> None:
    aug = sa.SynthAug(Tracer(), 0.3)
    run = trainer(max_epochs=1)
    source = run.fit_loop._data_source
    for stage in ("validate", "test", "predict"):
        aug.setup(run, recorder(), stage)
        assert run.fit_loop._data_source is source
        aug.teardown(run, recorder(), stage)
    aug.on_exception(run, recorder(), RuntimeError())  # before any set-up


def test_setting_up_twice_undoes_the_first_time() -> None:
    aug = sa.SynthAug(Tracer(), 0.3)
    first, second = trainer(max_epochs=1), trainer(max_epochs=1)
    sources = [run.fit_loop._data_source for run in (first, second)]
    aug.setup(first, recorder(), "fit")
    aug.setup(second, recorder(), "fit")
    assert first.fit_loop._data_source is sources[0]
    aug.teardown(second, None, "fit")
    assert second.fit_loop._data_source is sources[1]


def test_a_loaded_state_is_given_back_until_a_plan_is_made() -> None:
    aug = sa.SynthAug(Tracer(), 0.3)
    assert aug.state_dict() == {}
    state = {"fingerprint": {"seed": 3}}
    aug.load_state_dict(state)
    assert aug.state_dict() == state
    aug.setup(trainer(max_epochs=1), recorder(), "fit")
    assert aug.state_dict() == {}  # what a test or validation restored is not this fit's
    aug.load_state_dict({"fingerprint": {"seed": 4}})
    assert aug.state_dict() == {"fingerprint": {"seed": 4}}
    aug.on_exception()
    assert aug.state_dict() == {"fingerprint": {"seed": 4}}
    aug.load_state_dict("nonsense")  # type: ignore[arg-type]
