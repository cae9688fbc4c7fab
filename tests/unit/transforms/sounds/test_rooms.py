from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.transforms import ImpulseResponse, SimulatedRoom
from tests.helpers.waves import RATE, sweep, write


def click() -> Any:
    sound = np.zeros(RATE, np.float32)
    sound[1000] = 0.5
    return sound


def test_a_measured_room_is_heard_after_the_direct_sound(tmp_path: Path) -> None:
    response = np.zeros(3000)
    response[[50, 850]] = [0.8, 0.4]
    write(tmp_path, "hall.wav", response)
    made = ImpulseResponse(tmp_path, wet=(1, 1))(click(), rate=RATE, rng=np.random.default_rng(0))
    heard = np.nonzero(np.abs(made) > 0.05)[0]
    assert heard.tolist() == [1000, 1800]
    assert made[1800] / made[1000] == pytest.approx(0.5, abs=0.01)
    assert np.sum(made**2) == pytest.approx(0.25, rel=1e-3)


def test_without_the_room_nothing_is_heard_of_it(tmp_path: Path) -> None:
    write(tmp_path, "hall.wav", np.r_[0.5, np.zeros(99), 0.2], 8000)
    dry = ImpulseResponse(tmp_path, wet=(0, 0))(sweep(0.5), rate=RATE, rng=np.random.default_rng(0))
    assert np.allclose(dry, sweep(0.5), atol=1e-5)


def test_simulated_rooms_reverberate_and_are_the_same_in_any_order() -> None:
    pytest.importorskip("pyroomacoustics")
    room = SimulatedRoom(rooms=6, wet=(1, 1), seconds=(0.3, 0.4))
    made = [room(click(), rate=RATE, rng=np.random.default_rng(seed)) for seed in range(8)]
    again = [room(click(), rate=RATE, rng=np.random.default_rng(seed)) for seed in range(7, -1, -1)]
    assert all(np.array_equal(one, two) for one, two in zip(made, again[::-1], strict=True))
    assert len({one.tobytes() for one in made}) > 2
    for one in made:
        energy = one.astype(np.float64) ** 2
        early, late = energy[900:1400].sum(), energy[1400:4000].sum()
        assert 0.005 < late / early < 5 and energy[9000:].sum() < 0.02 * energy.sum()
