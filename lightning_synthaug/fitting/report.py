"""What a fit is worth: are samples recognised, are they copies, and what do they look like?"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lightning_synthaug.fitting.judge import Judge
from lightning_synthaug.fitting.pictures import sample_images, tile
from lightning_synthaug.fitting.sounds import heard, wav_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lightning_synthaug.fitting.data import FitData
    from lightning_synthaug.fitting.module import FitModule

__all__ = ["judge_samples", "picture_samples", "sound_samples"]

_CLASSES = 10
_EACH = 6
_SEED = 1 << 40  # far from those of pictures that are looked at while the fit runs


def judge_samples(module: FitModule, data: FitData, held_out: FitData | None) -> dict[str, float]:
    """Measure samples against real images.

    Args:
        module: Fitted.
        data: What it was fitted on.
        held_out: What it was not fitted on, or None.

    Returns:
        Shares in [0, 1] that a small classifier of the real images fitted on recognises, of samples and of held-out
        images; and median distances to the nearest image of the same class, root mean square, full ink being 1.
        Samples nearer to what was fitted on than held-out images are may be copies. Of sounds pictures are compared,
        after those of samples have become sounds.
    """
    wanted = np.arange(module.judged) % len(data.labels)
    images, classes = sample_images(module, wanted, first_seed=_SEED)
    images = heard(images, data)
    judge = Judge(data)
    figures = {
        "samples_recognised": judge.accuracy(images, classes),
        "samples_to_nearest_fitted": _nearest(images, classes, data),
    }
    if held_out is not None:
        real = judge.accuracy(held_out.images, held_out.classes)
        figures |= {
            "held_out_recognised": real,
            "fidelity_ratio": figures["samples_recognised"] / max(real, 1e-9),
            "samples_to_nearest_held_out": _nearest(images, classes, held_out),
            "held_out_to_nearest_fitted": _nearest(held_out.images, held_out.classes, data),
        }
    return {name: round(value, 4) for name, value in figures.items()}


def picture_samples(module: FitModule, data: FitData | None) -> bytes | None:
    """Draw samples of up to ten classes, a class a row, and right of a gap the nearest image fitted on for each.

    Args:
        module: Fitted.
        data: What it was fitted on; None: samples alone.

    Returns:
        A PNG file; None where Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError:
        return None
    classes = np.repeat(np.arange(min(_CLASSES, module.classes)), _EACH)
    images, _ = sample_images(module, classes, first_seed=_SEED)
    picture = tile(images, _EACH)
    if data is not None:
        nearest = np.stack([_most_alike(i, data, c) for i, c in zip(images, classes, strict=True)])
        gap = np.full_like(picture[:, : max(1, images.shape[3] // 4)], 255)
        picture = np.concatenate([picture, gap, tile(nearest, _EACH)], axis=1)
    file = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(file, "PNG")
    return file.getvalue()


def sound_samples(module: FitModule, data: FitData) -> dict[str, bytes]:
    """Play the samples of the picture, where they are sounds.

    Args:
        module: Fitted.
        data: What it was fitted on.

    Returns:
        For each of up to ten classes a WAV file by name: its row of the picture, one sample after the other.
    """
    if data.spectrograms is None:
        return {}
    files = {}
    for label in range(min(_CLASSES, module.classes)):
        seed = _SEED + label * _EACH
        images, _ = sample_images(module, np.full(_EACH, label), first_seed=seed)
        files[f"samples-{data.labels[label]}.wav"] = wav_of(images, data.spectrograms)
    return files


def _nearest(images: NDArray[np.float32], classes: NDArray[np.int64], others: FitData) -> float:
    """Median distance to the nearest other image of the same class."""
    found = []
    for label in np.unique(classes):
        pair = [
            torch.from_numpy(part[own == label]).flatten(1)
            for part, own in ((images, classes), (others.images, others.classes))
        ]
        if len(pair[1]):
            found.append(torch.cdist(pair[0], pair[1]).min(1).values)
    return float(torch.cat(found).median()) / images[0].size ** 0.5 if found else float("nan")


def _most_alike(image: NDArray[np.float32], data: FitData, label: Any) -> Any:
    """Find the nearest image of a class."""
    rows = np.flatnonzero(data.classes == label)
    distances = ((data.images[rows] - image) ** 2).sum((1, 2, 3))
    return data.images[rows[distances.argmin()]]
