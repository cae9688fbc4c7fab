"""The stand-in apart from a trainer; with one, see tests/integration/test_config_environment.py."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.lightning import SynthAug, SynthAugFromFile
from lightning_synthaug.trainer.from_file import leave_alone
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Tracer


def test_it_gives_its_place_to_the_callback(tmp_path: Path) -> None:
    file = tmp_path / "synthaug.yaml"
    file.write_text("source: tests.helpers.traced.Tracer\nratio: 0.25\n")
    first, last = SynthAugFromFile(str(file)), SynthAugFromFile(str(file))
    run = trainer(max_epochs=1, callbacks=[first, last])
    for stage in ("validate", "test", "predict"):
        first.setup(run, recorder(), stage)
    assert run.callbacks == [first, last]
    first.setup(run, recorder(), "fit")
    last.setup(run, recorder(), "fit")
    made = run.callbacks[0]
    assert isinstance(made, SynthAug)
    assert made.ratio == 0.25
    assert run.callbacks[1] is last
    made.teardown(run, None, "fit")


def test_it_stands_back_for_the_projects_own() -> None:
    stand_in = SynthAugFromFile("nowhere.yaml")
    run: Any = SimpleNamespace(callbacks=[stand_in, SynthAug(Tracer(), 0.3)])
    stand_in.setup(run, None, "fit")
    assert run.callbacks[0] is stand_in


def test_a_file_that_is_not_there_is_an_error_of_the_fit() -> None:
    stand_in = SynthAugFromFile("nowhere.yaml")
    run: Any = SimpleNamespace(callbacks=[stand_in])
    with pytest.raises(ConfigError, match=r"got 'nowhere\.yaml'.*SA721"):
        stand_in.setup(run, None, "fit")


def test_a_trainer_can_be_left_alone() -> None:
    own = SynthAug(Tracer(), 0.3)
    run = trainer(callbacks=[SynthAugFromFile("nowhere.yaml"), own])
    leave_alone(run)
    assert run.callbacks == [own]
