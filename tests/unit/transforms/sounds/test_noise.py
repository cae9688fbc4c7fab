from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.transforms import BackgroundNoise, ColouredNoise
from tests.helpers.waves import RATE, sweep, write

SOUND = sweep(1.0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def snr_of(made: Any) -> float:
    noise = made.astype(np.float64) - SOUND
    return float(10 * np.log10(np.mean(SOUND.astype(np.float64) ** 2) / np.mean(noise**2)))


@pytest.mark.parametrize("snr", [-5.0, 10.0, 35.0])
@pytest.mark.parametrize("slope", [-3.0, 0.0, 3.0, 6.0])
def test_coloured_noise_has_its_distance_and_its_colour(snr: float, slope: float) -> None:
    made = ColouredNoise(snr=(snr, snr), slope=(slope, slope))(SOUND, rate=RATE, rng=rng())
    assert abs(snr_of(made) - snr) < 0.05
    power = np.abs(np.fft.rfft(made.astype(np.float64) - SOUND)) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].mean() for k in range(6, 12)]  # 1 s: bins are hertz
    fall = -np.diff(10 * np.log10(octaves)).mean()
    assert abs(fall - slope) < 0.6


def test_background_is_a_part_of_a_recording_at_another_rate(tmp_path: Path) -> None:
    hum = np.sin(2 * np.pi * 300 * np.arange(5 * 44100) / 44100)
    write(tmp_path / "deep", "hum.flac", 0.1 * hum, 44100)
    transform = BackgroundNoise(tmp_path, snr=(10, 10))
    made = transform(SOUND, rate=RATE, rng=rng())
    assert abs(snr_of(made) - 10) < 0.05
    spectrum = np.abs(np.fft.rfft(made.astype(np.float64) - SOUND))
    assert abs(int(np.argmax(spectrum)) - 300) <= 1
    again = pickle.loads(pickle.dumps(transform))(SOUND, rate=RATE, rng=rng())
    assert np.array_equal(again, made)


def test_each_recording_is_used_and_a_short_one_goes_round(tmp_path: Path) -> None:
    for place, hertz in enumerate((500, 1000, 1500)):
        write(tmp_path, f"{place}.wav", np.sin(2 * np.pi * hertz * np.arange(4000) / RATE))
    transform = BackgroundNoise(tmp_path, snr=(0, 0))
    heard = set()
    for seed in range(40):
        noise = transform(SOUND, rate=RATE, rng=rng(seed)) - SOUND
        assert np.allclose(noise[:4000], noise[4000:8000], atol=1e-5)
        heard.add(round(int(np.argmax(np.abs(np.fft.rfft(noise)))) / 500))
    assert heard == {1, 2, 3}


def test_silence_stays_silent() -> None:
    silent = np.zeros(1000, np.float32)
    assert not ColouredNoise()(silent, rate=RATE, rng=rng()).any()
