from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lightning_synthaug as sa
from lightning_synthaug.cli.main import main
from lightning_synthaug.fitting import load_fitted, text_report
from tests.helpers.tiny_language import CORPUS, save_causal
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
    assert "Fitted on 8 images of 2 classes" in printed
    namespace: dict[str, Any] = {}
    exec("\n".join(line.strip() for line in printed.splitlines()[-2:]), namespace)
    assert namespace["generator"].labels == {0, 1}, "what is printed works when it is copied"
    assert load_fitted(out).licence == "CC0-1.0"


def test_photos_of_any_sizes_are_fitted_and_recognised(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (9 + n, 20 - n, 3), np.uint8) for n in range(8)]
    for n, photo in enumerate(photos):
        (tmp_path / "photos" / "ab"[n % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo).save(tmp_path / "photos" / "ab"[n % 2] / f"{n}.png")
    options = ["--out", str(tmp_path / "f"), "--size", "8", "--held-out", "0", *OPTIONS]
    assert main(["fit-generator", "cvae", "--data", str(tmp_path / "photos"), *options]) == 0
    generator = load_fitted(tmp_path / "f")
    generator.load("cpu")
    (sample,) = generator.generate([sa.Request(label=0, number=0)])
    assert sample["image"].shape == (8, 8, 3)  # type: ignore[index, union-attr]
    assert sa.seen_samples(generator, [(photo, 0) for photo in photos]) == list(range(8))


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


def test_a_language_model_is_fitted_by_a_table_and_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_report, "_JUDGED", 4)
    model, out = save_causal(tmp_path / "base"), tmp_path / "fitted"
    lines = [f'"{text}",{"film" if i % 2 else "food"}' for i, text in enumerate(CORPUS[:12])]
    (tmp_path / "d.csv").write_text("\n".join(["text,kind", *lines]))
    (tmp_path / "fit.yaml").write_text(f"model: {model}\nrank: 2\nepochs: 9\n")
    told = ["--data", str(tmp_path / "d.csv"), "--out", str(out), "--device", "cpu", "--quiet"]
    more = ["--config", str(tmp_path / "fit.yaml"), "--epochs", "1"]
    assert main(["fit-generator", "lm", *told, *more]) == 0
    printed = capsys.readouterr().out
    assert "Fitted on 12 texts of 2 classes" in printed
    assert "samples empty" in printed
    assert load_fitted(out).label_names() == {0: "film", 1: "food"}
    settings = json.loads((out / "card.json").read_text())["settings"]
    assert (settings["rank"], settings["epochs"]) == (2, 1), "what is typed goes before the file"
    assert main(["fit-generator", "lm", "--data", "nowhere", "--out", str(tmp_path / "g")]) == 2
    assert "SA837" in capsys.readouterr().err
    told[3] = str(tmp_path / "g")
    assert main(["fit-generator", "lm", *told]) == 2
    assert "`--model` must name the language model to fit" in capsys.readouterr().err
    assert not (tmp_path / "g").exists()


def test_help_says_what_data_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit-generator", "--help"])
    shown = capsys.readouterr().out
    assert "one subfolder of images for each class" in shown
    assert "An interrupted fit goes on where it stood" in shown


def test_a_generator_of_sounds_is_fitted_on_a_folder_of_them(tmp_path: Path) -> None:
    for number in range(8):
        sound = 0.3 * np.sin(np.arange(900 + number) * (1 + number % 2))
        write(tmp_path / "data" / ("low", "high")[number % 2], f"{number}.wav", sound, rate=8000)
    out = str(tmp_path / "fitted")
    sounds = ["--modality", "audio", "--bands", "8", "--classes", "low", "high"]
    command = ["fit-generator", "cvae", "--data", str(tmp_path / "data"), "--out", out]
    assert main([*command, *OPTIONS, *sounds]) == 0
    generator: Any = load_fitted(out)
    assert (generator.rate, generator.label_names()) == (8000, {0: "low", 1: "high"})
    assert (tmp_path / "fitted" / "samples-1.wav").stat().st_size > 6 * 2 * 907
