from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.fitting import saved
from lightning_synthaug.fitting.saved import check_out, load_fitted, write_fitted

WEIGHTS = {"w": torch.zeros(2)}


def test_weights_and_card_appear_together(tmp_path: Path) -> None:
    out = check_out(tmp_path / "deep" / "fitted")
    write_fitted(out, WEIGHTS, {"kind": "x"})
    assert sorted(path.name for path in out.iterdir()) == [saved.CARD, saved.WEIGHTS]
    assert [path.name for path in out.parent.iterdir()] == ["fitted"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "fitted").mkdir()
    write_fitted(check_out(tmp_path / "fitted"), WEIGHTS, {})
    assert (tmp_path / "fitted" / saved.CARD).exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    for taken in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ConfigError, match=r"new or empty folder, got .*SA441"):
            check_out(taken)
    with pytest.raises(ConfigError, match="SA441"):
        write_fitted(tmp_path, WEIGHTS, {})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_cannot_be_written_is_said_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match=r"must be writable, got .*SA441"):
        check_out(tmp_path / "file" / "fitted")


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_fitted(tmp_path / "fitted", WEIGHTS, {"not": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_generator_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="SA443"):
        load_fitted(tmp_path)
