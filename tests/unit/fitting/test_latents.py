from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.assets import DEMO_CARD, digits_split
from lightning_synthaug.errors import ConfigError, DataError, GeneratorError
from lightning_synthaug.fitting import fit_cvae, load_fitted
from lightning_synthaug.fitting.latents import class_means, find_latents
from lightning_synthaug.generators import Request

PARTNER = digits_split().partner
FEW = PARTNER.take(np.flatnonzero(PARTNER.labels < 3))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("latents") / "f"
    fit_cvae(FEW.images, FEW.labels, out=out, epochs=60, latent=4, device="cpu", progress=False)
    return out


def made(folder: Path, label: int, **sampling: object) -> np.ndarray:
    generator = load_fitted(folder, **sampling)
    generator.load("cpu")
    asked = [Request(label=label, number=i, seed=i) for i in range(40)]
    return np.stack([record["image"] for record in generator.generate(asked)]).astype(float)  # type: ignore[index]


def test_samples_near_the_mean_of_a_class_vary_less(fitted: Path) -> None:
    means = class_means(fitted)
    assert means.shape == (3, 4)
    usual, near = made(fitted, 1), made(fitted, 1, spread=0.3)
    assert near.std(0).mean() < 0.6 * usual.std(0).mean()
    assert made(fitted, 1, spread=0.0).std(0).max() == 0


def test_samples_lie_between_two_real_images(fitted: Path) -> None:
    two = np.flatnonzero(FEW.labels == 0)[:2]
    one, other = find_latents(fitted, FEW.images[two], FEW.labels[two])
    between = made(fitted, 0, around=one, along=other - one, spread=0.0)
    ends = [made(fitted, 0, around=end, spread=0.0)[0] for end in (one, other)]
    away = np.abs(between - ends[0]).mean((1, 2)), np.abs(between - ends[1]).mean((1, 2))
    nearest = away[0].argmin(), away[1].argmin()
    assert away[0][nearest[0]] < 0.2 * away[0].max()
    assert away[1][nearest[1]] < 0.2 * away[1].max()
    # Each image that is the nearer to one end is the farther from the other.
    assert np.corrcoef(*away)[0, 1] < -0.9


def test_reconstructions_resemble_their_image(fitted: Path) -> None:
    latents = find_latents(fitted, FEW.images[:30], FEW.labels[:30])
    assert latents.shape == (30, 4)
    label = int(FEW.labels[0])
    again = made(fitted, label, around=latents[0], spread=0.0)[0]
    same = np.flatnonzero(FEW.labels == label)
    errors = ((FEW.images[same].astype(float) - again) ** 2).mean((1, 2))
    assert errors[0] < np.median(errors)


def test_a_single_image_is_enough_and_unknown_labels_are_refused(fitted: Path) -> None:
    assert find_latents(fitted, FEW.images[:1], FEW.labels[:1]).shape == (1, 4)
    with pytest.raises(DataError, match=r"must be among \[0, 1, 2\], got \[7\].*SA440"):
        find_latents(fitted, FEW.images[:1], [7])


def test_other_generators_have_no_such_latents(tmp_path: Path, fitted: Path) -> None:
    (tmp_path / "card.json").write_text(DEMO_CARD.read_text())
    weights = DEMO_CARD.with_suffix(".safetensors")
    (tmp_path / weights.name).write_bytes(weights.read_bytes())
    with pytest.raises(
        GeneratorError, match=r"latents of its classes, got class-conditional flow.*SA443"
    ):
        class_means(tmp_path)
    with pytest.raises(ConfigError, match=r"`around` must be \d+ finite numbers.*SA449"):
        load_fitted(fitted, around=[1.0, 2.0])
