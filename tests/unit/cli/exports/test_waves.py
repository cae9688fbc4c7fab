from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from scipy.io import wavfile
from tinytag import TinyTag

from lightning_synthaug.cli.exports import waves
from lightning_synthaug.cli.exports.waves import layout_of, wav
from lightning_synthaug.cli.marking import Mark, packet

MARK = Mark.of({"name": "gan", "licence": "CC-BY-4.0"}, "00ff")
RNG = np.random.default_rng(0)
SOUNDS: list[Any] = [
    RNG.integers(-(2**15), 2**15, 401).astype(np.int16),
    RNG.normal(size=400).astype(np.float32),
    RNG.normal(size=(2, 400)).astype(np.float32),
    RNG.integers(-99, 99, (400, 6)).astype(np.int16),
]


@pytest.mark.parametrize("sound", SOUNDS)
# It says of the mark that it does not know that chunk.
@pytest.mark.filterwarnings("ignore::scipy.io.wavfile.WavFileWarning")
def test_another_reader_reads_each_number(sound: Any) -> None:
    layout = layout_of(sound, 22050)
    assert layout is not None
    rate, frames = wavfile.read(io.BytesIO(wav(sound, 22050, layout, MARK)))
    assert rate == 22050
    assert frames.dtype == sound.dtype
    assert np.array_equal(frames, sound.T if layout == "first" else sound)


@pytest.mark.parametrize("sound", SOUNDS)
def test_an_ordinary_reader_shows_the_mark(sound: Any) -> None:
    content = wav(sound, 16000, layout_of(sound, 16000) or "flat", MARK)
    tag = TinyTag.get(filename="x.wav", file_obj=io.BytesIO(content))
    assert tag.comment is not None
    assert MARK.source_type in tag.comment
    assert MARK.sentence() in tag.comment
    assert tag.other["copyright"] == ["CC-BY-4.0"]
    assert tag.samplerate == 16000
    assert content.count(b"ISFT") == 1
    at = content.index(b"_PMX")
    size = int.from_bytes(content[at + 4 : at + 8], "little")
    assert content[at + 8 : at + 8 + size].decode() == packet(MARK)


def test_the_axis_of_the_channels_is_the_first_unless_the_other_is_shorter() -> None:
    shapes = [(9,), (1, 9), (2, 9), (9, 2), (2, 2), (9, 1)]
    layouts = ["flat", "first", "first", "last", "first", "last"]
    assert [layout_of(np.zeros(shape, np.int16), 8000) for shape in shapes] == layouts


def test_what_a_wav_file_does_not_hold_to_the_bit_is_no_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = np.zeros(40, np.float32)
    assert layout_of(sound, 16000)
    for array in (
        sound.astype(np.float64),
        sound.astype(np.uint8),
        sound[:0],
        sound.reshape(2, 4, 5),
        np.zeros((80, 100), np.float32),
    ):
        assert layout_of(array, 16000) is None
    for rate in (None, 0, -1, 16000.0, True, 2**30, "16000"):
        assert layout_of(sound, rate) is None
    monkeypatch.setattr(waves, "_BESIDES", 2**32 - 100)
    assert layout_of(sound, 16000) is None
