from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms.sounds.files import SoundFolder, soundfile
from tests.helpers.waves import write


def test_files_are_found_in_the_order_of_their_names_and_read_in_part(tmp_path: Path) -> None:
    write(tmp_path / "b", "x.wav", np.linspace(0, 0.9, 1000), 1000)
    write(tmp_path, "c.FLAC", np.zeros((500, 2)), 2000)
    (tmp_path / "a.txt").write_text("no sound")
    folder = SoundFolder(tmp_path)
    assert folder.names == ["b/x.wav", "c.FLAC"]
    read = [folder.read(np.random.default_rng(seed), seconds=0.1) for seed in range(30)]
    assert {(len(sound), rate) for sound, rate in read} == {(100, 1000), (200, 2000)}
    starts = {float(sound[0]) for sound, rate in read if rate == 1000}
    assert len(starts) > 5
    whole = [folder.read(np.random.default_rng(seed)) for seed in range(9)]
    assert {len(sound) for sound, _ in whole} == {1000, 500}


def test_a_folder_is_looked_at_when_it_is_needed(tmp_path: Path) -> None:
    folder = SoundFolder(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"must hold sound files.*SA215"):
        folder.read(np.random.default_rng(0))
    assert soundfile().__name__ == "soundfile"
