from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.sound_sources import read_sounds
from tests.helpers.waves import write

SOUNDS = [(np.sin(np.arange(n)) * 9000).astype(np.int16) for n in (900, 800, 1000, 700)]


def test_folders_of_sounds_are_read_all_channels_as_one(tmp_path: Path) -> None:
    for number, sound in enumerate(SOUNDS):
        stereo = np.stack([sound, sound], 1) if number == 3 else sound
        write(tmp_path / ("no", "yes")[number % 2], f"{number}.wav", stereo, rate=8000)
    source = read_sounds(str(tmp_path))
    assert (source.labels.tolist(), source.rate) == ([0, 0, 1, 1], 8000)
    assert source.class_names == ["no", "yes"]
    for found, sound in zip(source.sounds, [SOUNDS[i] for i in (0, 2, 1, 3)], strict=True):
        np.testing.assert_array_equal(found, sound / np.float32(32768))
    with pytest.raises(DataError, match=r"sounds without class subfolders.*SA446"):
        read_sounds(str(tmp_path / "yes"))
    write(tmp_path / "yes", "9.wav", SOUNDS[0], rate=16000)
    with pytest.raises(DataError, match=r"sounds of the rates \[8000, 16000\].*SA446"):
        read_sounds(str(tmp_path))
    (tmp_path / "yes" / "9.wav").write_text("no sound")
    with pytest.raises(DataError, match=r"a file that is no sound .*SA446"):
        read_sounds(str(tmp_path))


def test_arrays_and_datasets_of_sounds_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waves = np.stack([s[:700] for s in SOUNDS])
    np.savez(tmp_path / "d.npz", sounds=waves, labels=[0, 1, 0, 1], rate=8000)
    np.savez(tmp_path / "e.npz", sounds=waves, labels=[0, 1, 0, 1])
    with pytest.raises(DataError, match=r"a file without them \(rate.*SA446"):
        read_sounds(str(tmp_path / "e.npz"))
    (tmp_path / "synthaug_sound_code.py").write_text(
        "import numpy as np\n"
        "with np.load('d.npz') as file:\n"
        "    tuple_ = file['sounds'], file['labels'], int(file['rate'])\n"
        "pairs = [(w[None], 8000, int(y)) for w, y in zip(*tuple_[:2])]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for what in ("d.npz", "synthaug_sound_code:tuple_", "synthaug_sound_code:pairs"):
        source = read_sounds(what)
        assert (source.labels.tolist(), source.rate) == ([0, 1, 0, 1], 8000)
        np.testing.assert_array_equal(np.reshape(source.sounds, (4, 700)), waves)


def test_other_things_are_refused(tmp_path: Path) -> None:
    (tmp_path / "c.npz").write_text("some text")
    for what, said in (
        ("nowhere", "nothing of that name"),
        (str(tmp_path / "c.npz"), "no archive of plain arrays"),
        ("no_such_module:x", "code that does not run"),
    ):
        with pytest.raises(DataError, match=f"{said}.*SA446"):
            read_sounds(what)
