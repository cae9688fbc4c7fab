from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.sound import rate_of, sound_of

BOTH = np.array([[0.0, 1.0, 2.0, 4.0], [2.0, 1.0, 0.0, 4.0]])


def test_channels_lie_along_the_shorter_side() -> None:
    for layout in (BOTH, BOTH.T):
        np.testing.assert_array_equal(sound_of(Record({"audio": layout})), [1, 1, 1, 4])
    assert sound_of(Record({"audio": BOTH[0].astype(np.int16)})).dtype == np.float32


def test_a_rate_is_a_number_above_0() -> None:
    assert rate_of(Record({"rate": 8000})) == 8000.0
    assert rate_of(Record({"rate": 0})) is None
    assert rate_of(Record({"rate": "fast"})) is None
    assert rate_of(Record({"audio": BOTH})) is None


@pytest.mark.parametrize("fields", [{"label": 1}, {"audio": 3}, {"audio": np.zeros((2, 2, 2))}])
def test_what_is_no_sound_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(GateError, match=r'A gate for sounds needs the field "audio".*SA450'):
        sound_of(Record(fields))
