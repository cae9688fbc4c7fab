from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError, DataError
from lightning_synthaug.transforms import ColouredNoise, Gain, Sounds, SoundTransform
from lightning_synthaug.transforms.sounds.base import as_waves, within
from tests.helpers.waves import RATE, sweep


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


LOUDER = Gain(decibels=(6, 6))


@pytest.mark.parametrize("shape", [(100,), (1, 100), (2, 100), (100, 2), (3,), (2, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int16, np.int32])
def test_dtype_and_axes_stay_and_whole_numbers_are_scaled(
    shape: tuple[int, ...], dtype: type
) -> None:
    given: Any = np.random.default_rng(1).uniform(-0.4, 0.4, shape)
    given = (given * np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else given).astype(
        dtype
    )
    before = given.copy()
    made = LOUDER(given, rate=RATE, rng=rng())
    assert made.dtype == given.dtype and made.shape == given.shape and made.flags.c_contiguous
    np.testing.assert_allclose(made.astype(float), given.astype(float) * 10**0.3, rtol=2e-3, atol=1)
    assert np.array_equal(given, before)


def test_channels_are_the_shorter_axis() -> None:
    stereo = np.stack([sweep(0.1), -sweep(0.1)])
    waves, _ = as_waves(stereo)
    same, back = as_waves(np.ascontiguousarray(stereo.T))
    assert np.array_equal(waves, same) and waves.shape == stereo.shape
    assert np.array_equal(back(same[:, :50]), stereo[:, :50].T)


def test_whole_numbers_are_clipped_and_never_wrap_round() -> None:
    made = Gain(decibels=(40, 40))(np.array([30000, -30000], np.int16), rate=RATE, rng=rng())
    assert made.tolist() == [32767, -32768]


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros((80, 90), np.float32),
        np.zeros(8, np.uint8),
        np.zeros((2, 3, 4)),
        np.zeros(0),
        [0.0],
    ],
)
def test_what_is_no_sound_is_refused(samples: Any) -> None:
    with pytest.raises(DataError, match=r"must be an array \(n,\).*SA214"):
        LOUDER(samples, rate=RATE, rng=rng())


@pytest.mark.parametrize("rate", [None, 0, -1.0, float("nan")])
def test_a_sound_without_a_rate_is_refused(rate: Any) -> None:
    with pytest.raises(DataError, match=r"`rate` must be known.*SA214"):
        LOUDER(sweep(0.1), rate=rate, rng=rng())
    made = Sounds([LOUDER], rate=RATE)(sweep(0.1), rate=None, rng=rng())
    assert np.allclose(made, sweep(0.1) * 10**0.3)


def test_p_says_how_often() -> None:
    sound = sweep(0.01)
    sometimes = ColouredNoise(p=0.3)
    draws = [sometimes(sound, rate=RATE, rng=rng(seed)) for seed in range(400)]
    changed = np.mean([not np.array_equal(one, sound) for one in draws])
    assert 0.23 < changed < 0.37


def test_a_chain_runs_in_order_and_goes_into_a_chain() -> None:
    class Plus(SoundTransform):
        def change(self, sound: Any, rate: float, rng: np.random.Generator) -> Any:
            return sound + np.float32(1)

    twice = Gain(decibels=(20, 20))
    made = Sounds([Sounds([Plus(), twice]), Plus()])(np.zeros(2, np.float32), rate=1, rng=rng())
    assert made.tolist() == [11, 11]


def test_settings_outside_their_bounds_are_refused() -> None:
    assert within("x", (1, 1), 0, 1) == (1, 1)
    for value in ((2, 1), (0, 3), (1,), "ab", (None, 1), 7, None, float("nan")):
        with pytest.raises(ConfigError, match=r"`x` must be .* in \[0, 2\].*SA215"):
            within("x", value, 0, 2)
    with pytest.raises(ConfigError, match=r"`p` must be a number in \[0, 1\], got 30.*SA215"):
        Gain(p=30)
    with pytest.raises(ConfigError, match=r"must be transforms of sound.*SA215"):
        Sounds([LOUDER, abs])  # type: ignore[list-item]
