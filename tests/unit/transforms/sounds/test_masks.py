from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.transforms import FrequencyMask, SpectrogramMask, TimeMask
from tests.helpers.waves import RATE


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_time_mask_silences_the_share_that_was_drawn_at_any_place() -> None:
    sound, places = np.ones(RATE, np.float32), []
    for seed in range(50):
        made = TimeMask(share=(0.2, 0.2))(sound, rate=RATE, rng=rng(seed))
        silent = np.nonzero(made == 0)[0]
        assert len(silent) == pytest.approx(0.2 * RATE, abs=2) and np.diff(silent).max() == 1
        assert np.abs(np.diff(made)).max() < 0.02  # no click
        places.append(silent[0])
    assert min(places) < 0.2 * RATE and max(places) > 0.6 * RATE


def test_a_frequency_mask_leaves_out_an_octave() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    mask = FrequencyMask(octaves=(1, 1), hertz=(1000, 1000))
    made = mask(noise, rate=RATE, rng=rng())
    share = np.abs(np.fft.rfft(made)) / np.abs(np.fft.rfft(noise))
    assert np.median(share[1010:1980]) < 0.01
    assert np.median(share[:900]) > 0.99 and np.median(share[2200:]) > 0.99


@pytest.mark.parametrize("shape", [(40, 100), (1, 40, 100), (40, 100, 1), (40, 100, 3), (100, 40)])
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_bands_and_times_of_a_spectrogram_take_the_mean(
    shape: tuple[int, ...], dtype: type
) -> None:
    given: Any = np.random.default_rng(1).uniform(0, 200, shape).astype(dtype)
    before = given.copy()
    made = SpectrogramMask(bands=(0.1, 0.1), times=(0.2, 0.2))(given, rng=rng())
    assert made.shape == shape and made.dtype == dtype and np.array_equal(given, before)
    same: Any = np.squeeze(made == given)
    if same.ndim == 3:
        same = same.all(axis=-1)
    masked_bands, masked_times = (~same).mean(1) > 0.9, (~same).mean(0) > 0.9
    assert masked_bands.sum() == 0.1 * same.shape[0] and masked_times.sum() == 0.2 * same.shape[1]


def test_p_and_what_is_no_spectrogram() -> None:
    given = np.random.default_rng(1).random((8, 9))
    assert np.array_equal(SpectrogramMask(p=0)(given, rng=rng()), given)
    with pytest.raises(DataError, match=r"must have bands and times.*SA214"):
        SpectrogramMask()(np.zeros(9), rng=rng())
