from __future__ import annotations

import io
import json
import os
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.assets import digits_split
from lightning_synthaug.errors import ConfigError, DataError, GeneratorError
from lightning_synthaug.fitting import fit_cvae, load_fitted
from lightning_synthaug.generators import Request, TorchGenerator
from lightning_synthaug.generators.fitted_on import fitted_digests, image_digests

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (24, 6, 6)).astype(np.uint8)
LABELS = np.arange(24) % 3 * 10


def fit(out: Path, **arguments: Any) -> TorchGenerator:
    defaults: dict[str, Any] = {
        "epochs": 2,
        "width": 16,
        "latent": 2,
        "device": "cpu",
        "progress": False,
    }
    return fit_cvae(IMAGES, LABELS, out=out, **{**defaults, **arguments})


def test_a_fitted_generator_has_weights_and_a_card(tmp_path: Path) -> None:
    out = tmp_path / "fitted"
    names = ["ten", "none", "more"]
    generator = fit(out, licence="CC0-1.0", source="a test", class_names=names, date="2000-01-01")
    assert generator.labels == {0, 10, 20}
    assert generator.fingerprint() == load_fitted(out).fingerprint()
    generator.load("cpu")
    (record,) = generator.generate([Request(label=10, number=0, seed=3)])
    assert record["label"] == 10  # type: ignore[index]
    assert record["image"].shape == (6, 6)  # type: ignore[index, union-attr]
    card = json.loads((out / "card.json").read_text())
    assert card["data"]["count_by_label"] == {"0": 8, "10": 8, "20": 8}
    assert (card["licence"], card["made"], card["class_names"]) == ("CC0-1.0", "2000-01-01", names)
    assert card["losses"]["epochs_done"] == 2
    assert card["losses"]["reconstruction"] > 0
    assert card["report"]["samples_recognised"] >= 0
    digests = fitted_digests(generator)
    assert digests is not None
    assert len(digests) == 21, "a tenth of each class is held out"
    assert set(digests.tolist()) < set(image_digests(IMAGES).tolist())
    assert (out / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert set(card["versions"]) >= {"torch", "python", "lightning-synthaug"}


def test_a_variable_that_mixes_the_users_trainers_leaves_this_one_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTNING_SYNTHAUG_CONFIG", "nowhere.yaml")  # would be an error
    assert fit(tmp_path / "fitted").labels == {0, 10, 20}


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    made = [fit(tmp_path / str(place), seed=seed) for place, seed in enumerate((1, 1, 2))]
    files = [Path(one.weights).read_bytes() for one in made]
    assert files[0] == files[1] != files[2]
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    "images",
    [
        RNG.random((24, 20, 18, 3), dtype=np.float32),
        RNG.integers(0, 256, (24, 28, 28)).astype(np.uint8),
    ],
)
def test_larger_and_coloured_images_are_fitted(tmp_path: Path, images: np.ndarray) -> None:
    generator = fit_cvae(
        images, LABELS, out=tmp_path / "f", epochs=1, width=16, device="cpu", progress=False
    )
    generator.load("cpu")
    (record,) = generator.generate([Request(label=0, number=0)])
    assert record["image"].shape == images.shape[1:]  # type: ignore[index, union-attr]
    assert record["image"].dtype == images.dtype  # type: ignore[index, union-attr]


def test_what_was_learned_looks_like_the_class_asked_for(tmp_path: Path) -> None:
    partner = digits_split().partner
    chosen = partner.take(np.flatnonzero(partner.labels < 3))
    generator = fit_cvae(
        chosen.images,
        chosen.labels,
        out=tmp_path / "f",
        epochs=120,
        beta=1.0,
        device="cpu",
        progress=False,
    )
    generator.load("cpu")
    requests = [Request(label=number % 3, number=number, seed=number) for number in range(90)]
    made = np.stack([record["image"] for record in generator.generate(requests)])  # type: ignore[index]
    means = np.stack([chosen.images[chosen.labels == label].mean(0) for label in range(3)])
    nearest = ((made[:, None] - means) ** 2).sum((2, 3)).argmin(1)
    assert (nearest == np.arange(90) % 3).mean() > 0.9


def test_a_bar_is_shown_on_a_terminal_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, is_terminal in (("terminal", True), ("file", False)):
        stream = io.StringIO()
        stream.isatty = lambda is_terminal=is_terminal: is_terminal  # type: ignore[method-assign, misc]
        monkeypatch.setattr(sys, "stderr", stream)
        fit(tmp_path / name, progress=True)
        assert ("reconstruction" in stream.getvalue()) is is_terminal


def test_time_can_be_limited(tmp_path: Path) -> None:
    fit(tmp_path / "f", epochs=100_000, max_minutes=0.01)
    assert json.loads((tmp_path / "f" / "card.json").read_text())["losses"]["epochs_done"] < 100_000


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"epochs": 0}, "`epochs` must be at least 1, got 0"),
        ({"latent": 0}, "`latent` must be at least 1, got 0"),
        ({"width": 7}, "`width` must be at least 8, got 7"),
        ({"batch_size": 0}, "`batch_size` must be at least 1, got 0"),
        ({"seed": -1}, "`seed` must be at least 0, got -1"),
        ({"seed": 10**30}, r"`seed` must lie below 2\*\*63, got 10+"),
        ({"beta": 0.0}, "`beta` must be positive, got 0.0"),
        ({"learning_rate": float("nan")}, "`learning_rate` must be positive, got nan"),
        ({"max_minutes": 0}, "`max_minutes` must be positive, got 0"),
        ({"class_names": ["a"]}, r"each of the 3 labels \[0, 10, 20\], got \['a'\]"),
        ({"size": 3}, "`size` must be a whole number of pixels, at least 4, got 3"),
        ({"size": "64"}, "`size` must be .*got '64'"),
        ({"class_names": "abc"}, r"each of the 3 labels \[0, 10, 20\], got 'abc'"),
        ({"device": "tpu9"}, "`device` must be .*got 'tpu9'"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(
    tmp_path: Path, arguments: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{match}.*SA444"):
        fit(tmp_path / "f", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_that_is_not_there_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"got 'cuda' without a usable GPU.*SA444"):
        fit(tmp_path / "f", device="cuda")
    assert list(tmp_path.iterdir()) == []


def test_bad_data_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="SA440"):
        fit_cvae(IMAGES, LABELS[:3], out=tmp_path / "f")


def test_a_loss_that_is_not_finite_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"The loss must stay finite, got .*nan.*SA442"):
        fit(tmp_path / "f", learning_rate=1e30, epochs=50)
    assert list(tmp_path.iterdir()) == []


def read_until(word: bytes, descriptor: int) -> None:
    """Read from a pseudo-terminal until a word came; a child that says nothing fails the test instead of hanging it."""
    seen = b""
    while word not in seen:
        ready, _, _ = select.select([descriptor], [], [], 120)
        assert ready, seen[-2000:]
        seen += os.read(descriptor, 4096)


def test_an_interrupted_fit_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import numpy as np\n"
        "from lightning_synthaug.fitting import fit_cvae\n"
        "try:\n"
        "    fit_cvae(np.zeros((64, 6, 6), np.uint8), np.zeros(64, int), out='f', epochs=10**6, device='cpu')\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    terminal, childs_end = (
        os.openpty()
    )  # a bar is only shown on a terminal, and on one that has a width
    termios.tcsetwinsize(terminal, (24, 120))
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=childs_end,
        text=True,
    ) as process:
        try:
            read_until(b"reconstruction", terminal)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=120)
        finally:
            process.kill()
            os.close(terminal)
            os.close(childs_end)
    assert output == "interrupted\n"
    assert list(tmp_path.iterdir()) == []
