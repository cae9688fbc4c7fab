from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms import Clipping, Codec
from tests.helpers.waves import RATE, sweep


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_clipping_cuts_the_share_off_that_was_drawn() -> None:
    sound = sweep(1.0)
    made = Clipping(share=(0.2, 0.2))(sound, rate=RATE, rng=rng())
    assert np.mean(np.abs(made) >= np.abs(made).max() * 0.9999) == pytest.approx(0.2, abs=0.01)
    quiet = np.abs(sound) < 0.1
    assert np.array_equal(made[quiet], sound[quiet])


@pytest.mark.parametrize("coding", ["mu-law", "mp3", "vorbis"])
@pytest.mark.parametrize("shape", [(2, 8000), (8000,), (8000, 2)])
def test_what_comes_back_is_in_place_and_a_little_different(
    coding: Any, shape: tuple[int, ...]
) -> None:
    sound: Any = sweep(0.5)
    if len(shape) == 2:
        sound = np.stack([sound, sound]).reshape(2, 8000)
        sound = sound if shape[0] == 2 else np.ascontiguousarray(sound.T)
    transform = Codec(coding, quality=(0.3, 0.3))
    made = transform(sound, rate=RATE, rng=rng())
    error = np.std(made - sound) / np.std(sound)
    assert made.shape == sound.shape and 1e-4 < error < 0.2
    assert np.array_equal(transform(sound, rate=RATE, rng=rng()), made)


def test_mu_law_has_256_values_and_loud_sounds_are_not_clipped() -> None:
    loud = sweep(1.0) * np.float32(8)
    made = Codec()(loud, rate=RATE, rng=rng())
    assert len(np.unique(made)) <= 256 and made.max() == pytest.approx(4, rel=0.02)


def test_poorer_is_poorer() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    errors = [
        np.std(Codec("mp3", quality=(q, q))(sound, rate=RATE, rng=rng()) - sound)
        for q in (0.0, 1.0)
    ]
    assert errors[0] > 1.3 * errors[1]


def test_a_coding_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"`coding` must be one of .*SA215"):
        Codec("gsm")  # type: ignore[arg-type]
