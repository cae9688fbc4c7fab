from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from lightning_synthaug.cli.demo.configuration import ARMS, BASELINE, Configuration
from lightning_synthaug.plan import Clock


def test_the_arms_are_the_ones_announced() -> None:
    assert [arm.name for arm in ARMS] == [
        "real",
        "real + classical",
        "synthetic only",
        "constant 0.5 + classical",
        "ramp 0 to 0.5 + classical",
        "partner's digits + classical",
    ]
    assert BASELINE in ARMS
    assert [arm.partner for arm in ARMS] == [False] * 5 + [True]
    assert [arm.classical for arm in ARMS] == [" + classical" in arm.name for arm in ARMS]


def test_the_shares_are_what_the_names_say() -> None:
    clock = Clock(1000, 100, lambda batch: batch * 10)
    ends = [(k.ratio(0), k.ratio(999)) for k in (arm.ratio.compile(clock) for arm in ARMS)]
    assert ends == [(0, 0), (0, 0), (1, 1), (0.5, 0.5), (0, 0.5), (0, 0)]


def test_settings_cannot_be_changed_and_have_five_seeds() -> None:
    config = Configuration()
    assert (config.sizes, config.seeds) == ((5, 20), 5)
    with pytest.raises(FrozenInstanceError):
        config.steps = 1  # type: ignore[misc]


def test_a_quick_look_keeps_the_network() -> None:
    config, quick = Configuration(), Configuration().quick()
    assert quick.steps < config.steps
    assert quick.seeds >= 2
    assert (quick.channels, quick.learning_rate) == (config.channels, config.learning_rate)
