from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.cli.main import main
from lightning_synthaug.fitting import load_fitted
from tests.helpers.waves import write

OPTIONS = ["--epochs", "1", "--latent", "2", "--device", "cpu", "--quiet"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    images = np.zeros((8, 6, 6), np.uint8)
    np.savez(tmp_path / "d.npz", images=images, labels=np.arange(8) % 2)
    return tmp_path / "d.npz"


def test_a_generator_is_fitted_and_can_be_loaded(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = data.parent / "fitted"
    names = ["--classes", "no", "yes", "--licence", "CC0-1.0"]
    assert (
        main(["fit-generator", "cvae", "--data", str(data), "--out", str(out), *OPTIONS, *names])
        == 0
    )
    printed = capsys.readouterr().out
    assert "Fitted on 8 samples of 2 classes" in printed
    namespace: dict[str, Any] = {}
    exec("\n".join(line.strip() for line in printed.splitlines()[-2:]), namespace)
    assert namespace["generator"].labels == {0, 1}, "what is printed works when it is copied"
    assert load_fitted(out).licence == "CC0-1.0"


def test_errors_leave_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data.parent / "fitted"
    assert main(["fit-generator", "cvae", "--data", "nowhere", "--out", str(out), *OPTIONS]) == 2
    assert "SA446" in capsys.readouterr().err
    assert not out.exists()
    assert (
        main(["fit-generator", "cvae", "--data", str(data), "--out", str(data.parent), *OPTIONS])
        == 2
    )
    assert "SA441" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--epochs", "0"], "`--epochs` must be at least 1, got 0."),
        (["--max-minutes", "0"], "`--max-minutes` must be positive"),
        (["--classes", "a", "b", "c"], "`--classes` must name each of the 2 labels"),
        (["--seed", str(10**30)], "`--seed` must lie below"),
    ],
)
def test_errors_name_what_was_typed(
    data: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(data.parent / "fitted")
    assert (
        main(["fit-generator", "cvae", "--data", str(data), "--out", out, *OPTIONS, *options]) == 2
    )
    assert said in capsys.readouterr().err


def test_help_says_what_data_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit-generator", "--help"])
    shown = capsys.readouterr().out
    assert "one subfolder of images (or sounds) for each class" in shown
    assert "An interrupted fit goes on where it stood" in shown


def test_a_generator_of_sounds_is_fitted_on_a_folder_of_them(tmp_path: Path) -> None:
    for number in range(8):
        sound = 0.3 * np.sin(np.arange(900 + number) * (1 + number % 2))
        write(tmp_path / "data" / ("low", "high")[number % 2], f"{number}.wav", sound, rate=8000)
    out = str(tmp_path / "fitted")
    sounds = ["--modality", "audio", "--bands", "8", "--classes", "low", "high"]
    command = ["fit-generator", "cvae", "--data", str(tmp_path / "data"), "--out", out]
    assert main([*command, *OPTIONS, *sounds]) == 0
    generator = load_fitted(out)
    assert (generator.rate, generator.label_names()) == (8000, {0: "low", 1: "high"})
    assert (tmp_path / "fitted" / "samples-1.wav").stat().st_size > 6 * 2 * 907
