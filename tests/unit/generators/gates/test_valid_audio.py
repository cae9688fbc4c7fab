from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates import ValidAudio
from tests.helpers.samples import RATE, reasons, share_accepted, sounds

REAL = sounds(60)
ONE = np.asarray(sounds(1, seed=7)[0]["audio"])


def sound(array: object, rate: int = RATE) -> Record:
    return Record({"audio": np.asarray(array, np.float32), "rate": rate})


LOUD = 0.9 * ONE / np.abs(ONE).max()
BROKEN = {
    "silent": [np.zeros(3000), 1e-4 * ONE],
    "clipped": [np.clip(4 * LOUD, -1, 1), 0.3 * np.clip(4 * LOUD, -1, 1)],
    "noisy": [0.25 * LOUD + 0.1 * np.random.default_rng(0).standard_normal(ONE.size)],
    "too short": [ONE[500:900]],
    "too long": [np.tile(ONE, 5)],
    "empty": [np.zeros(0)],
    "not finite": [np.where(np.arange(ONE.size) == 9, np.nan, ONE)],
    "other scale": [ONE * 32768],
}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_fault_is_found_and_named(fault: str) -> None:
    found = reasons(ValidAudio(), REAL, *map(sound, BROKEN[fault]))
    assert found == [fault] * len(found)


def test_other_sound_sounds_pass() -> None:
    assert share_accepted(ValidAudio(), REAL, sounds(300, seed=2)) >= 0.97


def test_length_is_time_and_each_real_rate_will_do() -> None:
    faster = [sound(np.repeat(np.asarray(r["audio"]), 8), 8 * RATE) for r in REAL[:20]]
    slow = sound(np.asarray(faster[0]["audio"]))
    found = reasons(ValidAudio(), [*REAL, *faster], faster[0], sound(ONE), slow)
    assert found == ["", "", "too long"]
    assert reasons(ValidAudio(), REAL, faster[0], Record({"audio": ONE})) == ["other rate"] * 2


def test_sounds_without_rate_and_of_several_channels_can_be_judged() -> None:
    real = [Record({"audio": np.stack([np.asarray(r["audio"])] * 2)}) for r in REAL]
    assert reasons(ValidAudio(), real, real[0], Record({"audio": ONE * 0})) == ["", "silent"]


def test_what_is_no_sound_or_no_share_is_refused() -> None:
    with pytest.raises(GateError, match=r"A gate for sounds needs.*SA450"):
        reasons(ValidAudio(), REAL, Record({"text": "no"}))
    with pytest.raises(ConfigError, match="SA452"):
        ValidAudio(share=0)
