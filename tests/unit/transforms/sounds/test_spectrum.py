from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.signal import fftconvolve, resample_poly

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms import PassFilter
from lightning_synthaug.transforms.sounds.spectrum import (
    convolved,
    filtered,
    fitted,
    resampled,
)
from tests.helpers.waves import RATE, cents_off, sweep


@pytest.mark.parametrize(
    ("old", "new"), [(16000, 8000), (44100, 16000), (22050, 8000), (8000, 48000), (48000, 44100)]
)
def test_usual_rates_are_met_exactly_and_as_well_as_by_scipy(old: int, new: int) -> None:
    sound = sweep(1.0, high=1500, rate=old)
    made = resampled(sound[None], new / old)[0]
    wanted = sweep(1.0, high=1500, rate=new)
    middle = slice(new // 10, -new // 10)
    assert len(made) == new
    error = np.abs(made - wanted)[middle].max()
    peer = np.abs(resample_poly(sound, new, old)[:new] - wanted)[middle].max()
    assert error < 2e-3 and error < 2 * peer + 1e-4


def test_any_ratio_is_met_within_five_cents() -> None:
    sound = sweep(1.0, high=1500)
    for ratio in np.random.default_rng(0).uniform(0.5, 2, 40):
        made = resampled(sound[None], ratio)[0]
        assert len(made) == round(len(sound) * ratio)
        wanted = sweep(len(made) / RATE, low=200 / ratio, high=1500 / ratio)
        assert cents_off(made, wanted) < 5


@pytest.mark.parametrize("length", [1, 2, 7, 100, 3001])
@pytest.mark.parametrize("ratio", [0.01, 0.3, 1.0, 3.7])
def test_short_sounds_of_several_channels(length: int, ratio: float) -> None:
    made = resampled(np.ones((2, length), np.float32), ratio)
    assert made.shape == (2, max(1, round(length * ratio))) and np.isfinite(made).all()


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    high = np.sin(2 * np.pi * 6000 * np.arange(RATE) / RATE)[None].astype(np.float32)
    assert np.abs(resampled(high, 0.5)[0, 400:-400]).max() < 0.01


def test_convolution_is_scipys_and_aligned_at_the_direct_sound() -> None:
    sound = sweep(0.3)[None]
    response = np.zeros(900)
    response[[40, 300]] = [1, 0.4]
    wanted = fftconvolve(sound[0], response)[40 : 40 + sound.shape[1]]
    assert np.allclose(convolved(sound, response)[0], wanted, atol=1e-4)


def test_a_filter_that_lets_all_pass_changes_nothing() -> None:
    sound = np.random.default_rng(0).standard_normal((2, 999)).astype(np.float32)
    assert np.allclose(filtered(sound, RATE, np.ones_like), sound, atol=1e-5)


def test_fitting_cuts_and_fills() -> None:
    sound = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert fitted(sound, 2).tolist() == [[0, 1], [3, 4]]
    assert fitted(sound, 4).tolist() == [[0, 1, 2, 0], [3, 4, 5, 0]]


@pytest.mark.parametrize(
    ("kind", "lost", "kept"), [("low", 6000, 100), ("high", 100, 6000), ("band", 40, 1000)]
)
def test_pass_filters_keep_what_they_should(kind: Any, lost: float, kept: float) -> None:
    hertz = (500, 500) if kind == "band" else (1000, 1000)
    pass_filter = PassFilter(kind, hertz=hertz, octaves=(2, 2))
    times = np.arange(RATE) / RATE

    def share(frequency: float) -> float:
        sine = np.sin(2 * np.pi * frequency * times).astype(np.float32)
        return float(
            np.std(pass_filter(sine, rate=RATE, rng=np.random.default_rng(0))) / sine.std()
        )

    assert share(lost) < 0.05 and 0.85 < share(kept) < 1.01
    with pytest.raises(ConfigError, match=r"`kind` must be one of .*SA215"):
        PassFilter("all")  # type: ignore[arg-type]
