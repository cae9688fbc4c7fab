from __future__ import annotations

import logging
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lightning_synthaug.assets import digits_split
from lightning_synthaug.cli.demo.configuration import ARMS, Configuration
from lightning_synthaug.cli.demo.data import draw
from lightning_synthaug.cli.demo.training import (
    DigitClassifier,
    MemoryLogger,
    accuracy,
    quiet,
    train,
)

CONFIG = replace(Configuration(), steps=40, epoch=200, log_every=10)
REAL, _, _, _, RAMP, _ = ARMS


@pytest.fixture(autouse=True)
def _quiet() -> object:
    with quiet():
        yield


def test_a_run_learns_and_its_ramp_is_served_as_planned(tmp_path: Path) -> None:
    drawn = draw(digits_split().train_pool, 5, seed=0)
    model, course, seconds = train(RAMP, drawn, config=CONFIG, seed=0, cache=tmp_path)
    assert accuracy(model, drawn) > 0.5
    assert course.step == [10, 20, 30, 40]
    assert course.planned == course.served
    # 40 % of the 40 steps is step 16: from there on, half of each batch of 40.
    assert course.planned[0] < 0.25 < course.planned[1] < course.planned[2] == course.planned[3]
    assert course.planned[3] == 0.5
    assert seconds > 0


def test_a_run_hangs_on_its_seed_and_leaves_the_random_state_alone(tmp_path: Path) -> None:
    drawn = draw(digits_split().train_pool, 5, seed=0)
    short = replace(CONFIG, steps=3)
    state = torch.random.get_rng_state()
    first, second, other = (
        train(REAL, drawn, config=short, seed=seed, cache=tmp_path)[0] for seed in (0, 0, 1)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    weights = [next(model.parameters()) for model in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_ctrl_c_ends_more_than_one_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    drawn = draw(digits_split().train_pool, 5, seed=0)
    monkeypatch.setattr(DigitClassifier, "training_step", interrupted)
    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            train(REAL, drawn, config=CONFIG, seed=0, cache=tmp_path)
    finally:
        signal.signal(signal.SIGINT, handler)  # Lightning leaves it ignored


def test_accuracy_is_the_share_of_right_answers() -> None:
    model = DigitClassifier(CONFIG)
    *_, weight, bias = model.parameters()
    with torch.no_grad():
        weight.zero_()
        bias.copy_(torch.eye(10)[3])
    test = digits_split().test
    assert accuracy(model, test) == pytest.approx((test.labels == 3).mean())


def test_the_logger_keeps_the_shares_only() -> None:
    logger = MemoryLogger()
    logger.log_hyperparams({"lr": 1})
    logger.log_metrics({"loss": 1.0}, step=1)
    logger.log_metrics({"synthaug/ratio_planned": 0.5, "synthaug/ratio_served": 0.4}, step=2)
    assert logger.course == ([3], [0.5], [0.4])
    assert (logger.name, logger.version) == ("demo", "0")


def test_quiet_puts_things_back() -> None:
    log = logging.getLogger("lightning.pytorch")
    before = (log.level, torch.get_num_threads())
    with pytest.raises(KeyError), quiet():
        assert torch.get_num_threads() == 1
        raise KeyError
    assert (log.level, torch.get_num_threads()) == before
