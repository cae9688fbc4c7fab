"""The ready-made pipelines, with the real albumentations."""

from __future__ import annotations

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import subprocess
import sys
from typing import Any

import albumentations as A
import numpy as np
import pytest

import lightning_synthaug as sa
from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.errors import ConfigError

STRENGTHS = ("light", "medium", "strong")
SHAPES = [(28, 28), (28, 28, 1), (32, 32, 3), (9, 17, 4), (300, 200, 3), (1, 1)]


def picture(shape: tuple[int, ...], dtype: type = np.uint8) -> Any:
    """Smooth, with an edge: what a photo has of both."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    plane = 60 + 100 * (rows > shape[0] // 2) + 60 * columns / shape[1]
    whole = plane if len(shape) == 2 else np.repeat(plane[..., None], shape[2], 2)
    return whole.astype(np.uint8) if dtype is np.uint8 else (whole / 255).astype(np.float32)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_each_kind_of_image_stays_of_its_kind(
    strength: Any, shape: tuple[int, ...], dtype: type
) -> None:
    transform = build_transform(sa.transforms.images(strength))
    record = Record({"image": picture(shape, dtype)})
    made = [transform.apply(record, seed) for seed in range(30)]
    images: list[Any] = [one["image"] for one in made]
    assert {(image.shape, image.dtype) for image in images} == {(shape, np.dtype(dtype))}
    assert dtype is np.uint8 or all(i.min() >= 0 and i.max() <= 1 for i in images)
    assert len({one.digest() for one in made}) > (20 if shape != (1, 1) else 3)
    assert [transform.apply(record, seed) for seed in range(30)] == made


@pytest.mark.parametrize("shape", [(28, 28), (96, 96, 3)])
def test_stronger_changes_more_and_leaves_the_image_to_be_seen(shape: tuple[int, ...]) -> None:
    image = picture(shape)
    change, alike = [], []
    for strength in STRENGTHS:
        transform = build_transform(sa.transforms.images(strength))  # type: ignore[arg-type]
        made: list[Any] = [
            transform.apply(Record({"image": image}), seed)["image"] for seed in range(200)
        ]
        change.append(np.mean([np.abs(one.astype(int) - image).mean() for one in made]))
        alike.append(np.mean([np.corrcoef(one.ravel(), image.ravel())[0, 1] for one in made]))
    assert change[0] * 1.3 < change[1] and change[1] * 1.3 < change[2]
    assert alike[0] > 0.9 and alike[2] > 0.5


def test_black_borders_stay_black_and_nothing_is_mirrored() -> None:
    digit = np.zeros((28, 28), np.uint8)
    digit[8:20, 8:12] = 200  # a stroke on the left, and half a stroke on the right
    digit[8:14, 12:20] = 200
    transform = build_transform(sa.transforms.images("light"))
    for seed in range(100):
        made: Any = transform.apply(Record({"image": digit}), seed)["image"]
        assert np.median(made[[0, -1]]) < 40
        assert made[14:20, :13].sum() > made[14:20, 15:].sum()


def test_it_is_a_part_of_pipelines_with_masks_and_boxes() -> None:
    whole = A.Compose(
        [A.HorizontalFlip(p=0.5), sa.transforms.images("strong")],
        bbox_params=A.BboxParams("pascal_voc", label_fields=["kinds"]),
    )
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 1
    image = np.repeat(mask[..., None] * 255, 3, 2)
    record = Record(
        {
            "image": image,
            "mask": mask,
            "bboxes": np.array([[20, 20, 40, 40]], np.float32),
            "kinds": np.array([5]),
        }
    )
    covered, overlaps = [], []
    for seed in range(60):
        made: Any = build_transform(whole).apply(record, seed)
        assert set(np.unique(made["mask"])) <= {0, 1}
        seen = made["image"][..., 0] > made["image"][..., 0].max() / 2
        overlaps.append(
            (seen & (made["mask"] > 0)).sum() / max(1, (seen | (made["mask"] > 0)).sum())
        )
        if len(made["bboxes"]):
            x0, y0, x1, y1 = np.clip(np.round(made["bboxes"][0]), 0, 64).astype(int)
            covered.append(made["mask"][y0:y1, x0:x1].sum() / max(1, made["mask"].sum()))
    assert len(covered) > 50 and np.median(covered) > 0.95
    assert np.median(overlaps) > 0.95


def test_a_strength_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"one of 'light', 'medium', 'strong', got 'mild'.*SA213"):
        sa.transforms.images("mild")  # type: ignore[arg-type]


def test_without_albumentations_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['albumentations'] = None\n"
        "import lightning_synthaug as sa\nsa.transforms.images()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "need albumentations" in done.stderr and "[images]" in done.stderr
    assert "SA830" in done.stderr
