"""WAV files that are not what they say."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_synthaug.cli.exports.waves import layout_of, wav
from lightning_synthaug.cli.imports.waves import read_wav
from lightning_synthaug.cli.marking import Mark

MARK = Mark.of({"name": "gan"}, "00ff")
SOUND = np.arange(12, dtype=np.int16)
FILE = wav(SOUND, 16000, "flat", MARK)
SHORT = b"RIFF\x18\0\0\0WAVEfmt \x04\0\0\0\x01\0\x01\0data\0\0\0\0"


@pytest.mark.parametrize("shape", [(12,), (1, 12), (12, 1), (2, 6), (6, 2), (3, 3)])
@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_sound_comes_back_as_it_was(shape: tuple[int, ...], kind: Any) -> None:
    sound = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    layout = layout_of(sound, 16000)
    assert layout is not None
    back = read_wav(wav(sound, 16000, layout, MARK), layout=layout, rate=16000)
    assert (back.shape, back.dtype) == (sound.shape, sound.dtype)
    assert np.array_equal(back, sound)


def test_numbers_that_are_none_come_back_bit_by_bit() -> None:
    sound = np.array([0x7FC01234, 0xFF800000, 0x80000000], np.uint32).view(np.float32)
    back = read_wav(wav(sound, 8000, "flat", MARK), layout="flat", rate=8000)
    assert back.tobytes() == sound.tobytes()


def changed(at: int, form: str, value: int) -> bytes:
    """The file with another number in its head."""
    content = bytearray(FILE)
    struct.pack_into(form, content, at, value)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no WAV file"),
        (FILE[:40], "cut short"),
        (FILE[:-1], "cut short"),
        (b"RIFX" + FILE[4:], "no WAV file"),
        (changed(4, "<I", 2**32 - 1), "cut short"),
        (changed(40, "<I", 2**31), "chunk that is cut short"),
        (changed(4, "<I", 28), "without a format or without sound"),
        (SHORT, "without a format or without sound"),
        (changed(20, "<H", 7), "format 7"),
        (changed(34, "<H", 24), "24 bits"),
        (changed(22, "<H", 0), "0 channels"),
        (changed(22, "<H", 60000), "60000 channels"),
        (changed(32, "<H", 0), "0 bytes a frame"),
        (changed(24, "<I", 8000), "8000 Hz"),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_wav(content, layout="flat", rate=16000)


def test_layout_and_rate_are_not_believed_either() -> None:
    two = wav(SOUND.reshape(2, 6), 16000, "first", MARK)
    for layout in ("flat", "", "middle", None, ["first"]):
        with pytest.raises(ValueError, match="2 channels as"):
            read_wav(two, layout=layout, rate=16000)  # type: ignore[arg-type]
    for rate in (None, True, 16000.0, 8000, "16000"):
        with pytest.raises(ValueError, match="where the record says"):
            read_wav(FILE, layout="flat", rate=rate)


@given(st.integers(0, len(FILE)), st.lists(st.tuples(st.integers(0, 80), st.integers(0, 255))))
def test_damage_is_a_value_error_or_leaves_sound(
    length: int, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(FILE)
    for at, value in changes:
        content[at] = value
    try:
        back = read_wav(bytes(content[:length]), layout="flat", rate=16000)
    except ValueError:
        return
    assert back.nbytes <= len(FILE)
