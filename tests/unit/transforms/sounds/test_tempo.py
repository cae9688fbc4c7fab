from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.transforms import PitchShift, Speed, TimeStretch
from tests.helpers.waves import RATE, cents_off, sweep

SWEEP = sweep(4.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_the_pitch_of_a_sweep_is_met_within_five_cents_at_any_ratio() -> None:
    for semitones in np.random.default_rng(1).uniform(-4, 4, 12):
        made = PitchShift(semitones=(semitones, semitones))(SWEEP, rate=RATE, rng=rng())
        ratio = 2 ** (semitones / 12)
        assert cents_off(made, sweep(4.0, low=200 * ratio, high=2000 * ratio)) < 5
        assert made.shape == SWEEP.shape


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.13, 1.25])
def test_a_stretched_sweep_keeps_its_pitch(factor: float) -> None:
    made = TimeStretch(factor=(factor, factor), keep_length=False)(SWEEP, rate=RATE, rng=rng())
    assert abs(len(made) - len(SWEEP) / factor) < 2
    assert cents_off(made, sweep(len(made) / RATE)) < 10


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.13, 1.25])
def test_speed_changes_both(factor: float) -> None:
    made = Speed(factor=(factor, factor), keep_length=False)(SWEEP, rate=RATE, rng=rng())
    wanted = sweep(len(made) / RATE, low=200 * factor, high=2000 * factor)
    assert abs(len(made) - len(SWEEP) / factor) < 2
    assert cents_off(made, wanted) < 5


@pytest.mark.parametrize("kind", [Speed, TimeStretch])
def test_the_length_stays_unless_it_need_not(kind: Any) -> None:
    for factor in (0.7, 1.4):
        made = kind(factor=(factor, factor))(SWEEP, rate=RATE, rng=rng())
        assert made.shape == SWEEP.shape
        assert (np.abs(made[-RATE:]).max() < 1e-3) == (factor > 1)


@pytest.mark.parametrize("transform", [PitchShift(), TimeStretch(), Speed()])
def test_stereo_stays_in_step_and_nothing_is_remembered(transform: Any) -> None:
    sound = sweep(0.5)
    both = transform(np.stack([sound, sound]), rate=RATE, rng=rng())
    assert both.shape == (2, len(sound)) and np.corrcoef(both)[0, 1] > 0.99
    first = transform(sound, rate=RATE, rng=rng())
    transform(SWEEP[::-1].copy(), rate=8000, rng=rng())
    assert np.array_equal(transform(sound, rate=RATE, rng=rng()), first)


def test_without_the_library_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['python_stretch.Signalsmith'] = None\n"
        "import numpy as np, lightning_synthaug as sa\n"
        "sa.transforms.PitchShift()(np.ones(9, np.float32), rate=8000, rng=np.random.default_rng(0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "needs python-stretch" in done.stderr and "[audio]" in done.stderr
    assert "SA833" in done.stderr
