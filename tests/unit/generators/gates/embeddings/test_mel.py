from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings import LogMel
from tests.helpers.samples import RATE, sounds

RISING, FALLING, RISING_TOO = sounds(3)


def distance(one: Record, other: Record) -> float:
    first, second = LogMel().embed([one, other])
    return float(np.linalg.norm(first - second))


def changed(record: Record, sound: object, rate: int = RATE) -> Record:
    return record.replace(audio=np.asarray(sound, np.float32), rate=rate)


SOUND = np.asarray(RISING["audio"])
APART = distance(RISING, FALLING)


def test_loudness_and_silence_around_do_not_count() -> None:
    assert distance(RISING, changed(RISING, SOUND * 0.05)) < 1e-3 * APART
    assert distance(RISING, changed(RISING, np.pad(SOUND, (1600, 4000)))) < 0.3 * APART


def test_what_sounds_alike_is_near() -> None:
    noise = np.random.default_rng(0).normal(0, 0.001, SOUND.size)
    assert distance(RISING, changed(RISING, SOUND + noise)) < 0.3 * APART
    assert distance(RISING, RISING_TOO) < 0.8 * APART
    assert APART > 0.3


def test_pitch_is_in_hertz_whatever_the_rate() -> None:
    time = np.arange(4 * SOUND.size) / 4
    faster = np.interp(time, np.arange(SOUND.size), SOUND)
    assert distance(RISING, changed(RISING, faster, 4 * RATE)) < 0.5 * APART
    assert distance(RISING, changed(RISING, SOUND, 2 * RATE)) > APART  # an octave higher


def test_stereo_whole_numbers_and_no_rate_are_taken() -> None:
    stereo = changed(RISING, np.stack([SOUND, SOUND]))
    assert distance(RISING, stereo) == 0
    whole = RISING.replace(audio=(SOUND * 20000).astype(np.int16))
    assert distance(RISING, whole) < 0.2 * APART
    assert LogMel(bands=12, parts=3).embed([Record({"audio": SOUND})]).shape == (1, 36)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(3), np.zeros(900), np.full(900, np.nan)])
def test_nothing_to_hear_is_still_a_vector(sound: np.ndarray) -> None:
    vectors = LogMel().embed([changed(RISING, sound), RISING])
    assert vectors.shape == (2, 320)
    np.testing.assert_allclose(vectors.sum(axis=1), 0, atol=1e-3)  # levels beside their mean
    assert np.isfinite(vectors).all()


def test_what_is_no_sound_is_refused() -> None:
    with pytest.raises(GateError, match="SA450"):
        LogMel().embed([Record({"audio": "none"})])


def test_settings_tell_embeddings_apart() -> None:
    assert len({e.fingerprint() for e in (LogMel(), LogMel(20), LogMel(parts=4))}) == 3
