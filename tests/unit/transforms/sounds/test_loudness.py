from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms import Gain
from tests.helpers.waves import RATE, sweep


def test_gain_is_what_was_drawn() -> None:
    sound = sweep(0.1)
    ratios = [
        float(
            Gain(decibels=(-6, 6))(sound, rate=RATE, rng=np.random.default_rng(seed)).std()
            / sound.std()
        )
        for seed in range(300)
    ]
    decibels = 20 * np.log10(ratios)
    assert -6 <= decibels.min() < -5.5 and 5.5 < decibels.max() <= 6 and abs(decibels.mean()) < 1


def test_too_much_is_refused() -> None:
    with pytest.raises(ConfigError, match="SA215"):
        Gain(decibels=(0, 1000))
