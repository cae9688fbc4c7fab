from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.fitting.checkpoint import Checkpoint


def test_what_was_written_is_read_and_can_be_removed(tmp_path: Path) -> None:
    kept = Checkpoint(tmp_path / "out", "me")
    assert kept.read() is None
    kept.write({"weights": torch.ones(2), "steps": 3, "best": None})
    found = Checkpoint(tmp_path / "out", "me").read()
    assert found is not None
    assert (found["steps"], found["best"], found["weights"].tolist()) == (3, None, [1.0, 1.0])
    kept.write({"steps": 4})
    assert kept.read()["steps"] == 4  # type: ignore[index]
    assert not (tmp_path / "out").exists()
    kept.remove()
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_fit_is_refused(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "out", "me").write({})
    with pytest.raises(ConfigError, match=r"of the same fit, got one of other data.*SA445"):
        Checkpoint(tmp_path / "out", "you").read()


def test_code_in_a_file_does_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    kept = Checkpoint(tmp_path / "out", "me")
    kept.folder.mkdir()
    (kept.folder / "last.ckpt").write_bytes(pickle.dumps({"identity": Evil()}))
    with pytest.raises(ConfigError, match=r"got a damaged file.*SA445"):
        kept.read()
    assert not (tmp_path / "ran").exists()
