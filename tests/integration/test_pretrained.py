"""What the examples with pretrained generators do, with made-up weights and real digits in MNIST's size."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Generator, Rejection, Request, request_seed
from tests.helpers.pretrained_standins import (
    EXAMPLES,
    digits,
    write_digits,
    write_means,
    write_weights,
)

ROOT = EXAMPLES.parent


def started(script: Path, folder: Path, **options: Path) -> subprocess.CompletedProcess[str]:
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    quick = ["--quick"] if script.name == "images_fewshot.py" else []
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, str(script), *words, *quick],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_study_keeps_each_run_and_prints_a_table(tmp_path: Path) -> None:
    data, generator = write_digits(tmp_path / "digits"), write_means(tmp_path)
    script = EXAMPLES / "images_fewshot.py"
    done = started(script, tmp_path, data=data, generator=generator)
    assert done.returncode == 0, done.stderr
    kept = json.loads((tmp_path / "images_fewshot.json").read_text("utf-8"))
    arms = {key.split(" | ")[1]: run for key, run in kept.items() if key.endswith("seed 1")}
    shares = {arm: round(run["synthetic"], 2) for arm, run in arms.items()}
    assert list(shares) == [
        "real",
        "real + classical",
        "synthetic only",
        "constant 0.5 + classical",
        "ramp 0 to 0.5 + classical",
        "constant 0.5 + classical, no gates",
    ]
    assert shares["real"] == shares["real + classical"] == 0
    assert 0.5 < shares["synthetic only"] <= 1, "gates let digits through"
    assert shares["constant 0.5 + classical, no gates"] == 0.5
    assert "constant 0.5 + classical" in done.stdout
    # A second start has nothing to train: it reads what was kept, and says the same.
    again = started(script, tmp_path, data=data, generator=generator)
    assert again.stdout == done.stdout
    assert json.loads((tmp_path / "images_fewshot.json").read_text("utf-8")) == kept


def test_sketches_are_no_digits(tmp_path: Path) -> None:
    data = write_digits(tmp_path / "digits")
    generator = write_weights("gen-quickdraw-cvae-ml5", tmp_path)
    done = started(EXAMPLES / "images_fewshot.py", tmp_path, data=data, generator=generator)
    assert done.returncode != 0
    assert "label 0: '0' in the dataset, 'airplane' in the generator" in done.stderr
    assert "[SA117]" in done.stderr


@pytest.mark.parametrize(
    ("name", "size"),
    [("gen-quickdraw-cvae-ml5", (280, 1400)), ("gen-mnist-vae-gan-csinva", (280, 224))],
)
def test_a_picture_shows_each_class(name: str, size: tuple[int, int], tmp_path: Path) -> None:
    folder = write_weights(name, tmp_path)
    out = tmp_path / "samples.png"
    done = started(EXAMPLES / "show_pretrained.py", tmp_path, generator=folder, out=out)
    assert done.returncode == 0, done.stderr
    with Image.open(out) as picture:
        assert picture.size == size


class Unasked(Generator):
    """Serve real digits below eight, without a say in which."""

    def __init__(self) -> None:
        images, labels = digits()
        self.images, self.answers = images[labels < 8][300:], labels[labels < 8][300:]

    def fingerprint(self) -> str:
        return "real digits below eight"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [Record({"image": self.images[r.seed % len(self.images)]}) for r in requests]


def test_labels_come_from_few_real_samples() -> None:
    from pretrained.labelled import Labelled  # type: ignore[import-not-found]

    images, labels = digits()
    few = np.concatenate([np.flatnonzero(labels == digit)[:5] for digit in range(10)])
    inner = Unasked()
    real = [Record({"image": images[i], "label": int(labels[i])}) for i in few]
    generator = Labelled(inner, real, shelf=600)
    generator.load("cpu")
    asked = [
        Request(y, n, seed=request_seed(0, label=y, number=n)) for y in range(8) for n in range(40)
    ]
    answered = generator.generate(asked)
    truth = {
        image.tobytes(): label for image, label in zip(inner.images, inner.answers, strict=True)
    }
    right = [
        truth[record["image"].tobytes()] == request.label
        for request, record in zip(asked, answered, strict=True)
        if isinstance(record, Record)
    ]
    assert len(right) == len(asked)
    assert np.mean(right) > 0.9


def test_a_label_that_no_sample_shows_is_a_rejection() -> None:
    from pretrained.labelled import Labelled

    images, labels = digits()
    few = [np.flatnonzero(labels == digit)[0] for digit in range(10)]
    real = [Record({"image": images[i], "label": int(labels[i])}) for i in few]
    generator = Labelled(Unasked(), real, shelf=1)
    generator.load("cpu")
    answers = generator.generate([Request(label, 0) for label in range(10)])
    assert sum(isinstance(answer, Record) for answer in answers) == 1
    assert {answer.reason for answer in answers if isinstance(answer, Rejection)} == {
        "no sample shows this label"
    }
