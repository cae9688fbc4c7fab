"""The real albumentations."""

from __future__ import annotations

import os

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"

import pickle
import random
from typing import Any

import albumentations as A
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.data.transforms import AlbumentationsTransform
from lightning_synthaug.errors import DataError

IMAGE = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
RECORD = Record({"image": IMAGE, "label": 3})
SEEDS = [7, 8, 2**64 - 1, 0, 123456789]


def pipeline() -> Any:
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.Rotate(30, p=0.7),
            A.RandomCrop(20, 20),
            A.OneOf([A.GaussNoise(p=1), A.ElasticTransform(p=1), A.ISONoise(p=1)], p=0.9),
            A.SomeOf([A.Blur(p=1), A.RandomBrightnessContrast(p=1), A.CoarseDropout(p=1)], n=2),
        ],
    )


def digests(seeds: list[int]) -> list[str]:
    transform = build_transform(pipeline())
    return [transform.apply(RECORD, seed).digest().hex() for seed in seeds]


def test_the_result_depends_on_the_seed_and_not_on_history() -> None:
    assert digests(SEEDS) == digests(SEEDS[::-1])[::-1]
    transform = build_transform(pipeline())
    assert [transform.apply(RECORD, 7) for _ in range(3)] == [transform.apply(RECORD, 7)] * 3
    assert len(set(digests(list(range(60))))) >= 58


class Transformed(Dataset[bytes]):
    def __init__(self) -> None:
        self.transform = build_transform(pipeline())

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> bytes:
        return self.transform.apply(RECORD, index).digest()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_result_does_not_depend_on_the_number_of_workers(workers: int) -> None:
    loader = DataLoader(Transformed(), batch_size=None, num_workers=workers)
    assert [digest.hex() for digest in loader] == digests(list(range(12)))


def test_a_pickled_transform_does_the_same() -> None:
    transform = build_transform(pipeline())
    transform.apply(RECORD, 3)
    twin = pickle.loads(pickle.dumps(transform))
    assert [twin.apply(RECORD, s) for s in SEEDS] == [transform.apply(RECORD, s) for s in SEEDS]


def test_a_seed_set_from_outside_makes_no_difference() -> None:
    compose = pipeline()
    transform = build_transform(compose)
    first = transform.apply(RECORD, 5)
    compose.set_random_seed(99)
    compose(image=IMAGE)
    assert transform.apply(RECORD, 5) == first


@pytest.mark.parametrize(
    "single",
    [
        A.GaussNoise(p=1),
        A.RandomFog(p=1),
        A.RandomRain(p=1),
        A.Spatter(p=1),
        A.PixelDropout(p=1),
        A.Illumination(p=1),
        A.ShotNoise(p=1),
        A.AdditiveNoise(p=1),
        A.GridDistortion(p=1),
        A.Superpixels(p=1),
        A.SaltAndPepper(p=1),
        A.ColorJitter(p=1),
    ],
    ids=lambda t: type(t).__name__,
)
def test_single_transforms_are_functions_of_the_seed(single: Any) -> None:
    transform = build_transform(single)
    assert isinstance(transform, AlbumentationsTransform)
    first = transform.apply(RECORD, 11)
    for seed in (1, 2):
        transform.apply(RECORD, seed)
    assert transform.apply(RECORD, 11) == first


def test_global_random_states_stay_as_they_are() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    digests(SEEDS)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


def noisy(image: Any, **_: Any) -> Any:
    return image + np.random.randint(0, 9, image.shape, np.uint8) + random.randrange(5)  # noqa: NPY002


class Own(A.ImageOnlyTransform):  # type: ignore[misc]
    def apply(self, img: Any, **params: Any) -> Any:
        return noisy(img)


@pytest.mark.parametrize(
    "users",
    [
        lambda: A.Lambda(image=noisy, p=1),
        lambda: A.Compose([A.HorizontalFlip(), A.OneOf([A.Lambda(image=noisy, p=1)], p=1)]),
        lambda: A.Compose([Own(p=1)]),
    ],
)
def test_the_users_own_code_is_seeded_and_leaves_no_trace(users: Any) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    made = [build_transform(users()).apply(RECORD, seed) for seed in (7, 8, 7)]
    assert made[0] == made[2] != made[1]
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002


def test_image_and_mask_move_together_and_other_fields_stay() -> None:
    mask = np.arange(24 * 24, dtype=np.int32).reshape(24, 24)
    picture = np.repeat(mask[..., None] % 251, 3, axis=2).astype(np.uint8)
    transform = build_transform(A.Compose([A.HorizontalFlip(p=0.5), A.RandomCrop(9, 9)]))
    made = transform.apply(Record({"image": picture, "mask": mask, "label": 3, "text": "t"}), 3)
    assert made["mask"].shape == (9, 9)  # type: ignore[union-attr]
    assert np.array_equal(made["image"][..., 0], made["mask"] % 251)  # type: ignore[index, operator]
    assert (made["label"], made["text"]) == (3, "t")


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 1), (16, 16, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_shape_and_dtype_are_kept(shape: tuple[int, ...], dtype: type) -> None:
    record = Record({"image": np.zeros(shape, dtype)})
    made = build_transform(A.Compose([A.HorizontalFlip(p=1), A.Rotate(10, p=1)])).apply(record, 1)[
        "image"
    ]
    assert isinstance(made, np.ndarray)
    assert (made.shape, made.dtype) == (shape, np.dtype(dtype))
    assert made.flags.c_contiguous


@pytest.mark.parametrize(
    ("transform", "got"),
    [
        (A.Normalize(), "float32 with 3 dimensions"),
        (A.pytorch.ToTensorV2(), "Tensor"),
    ],
)
def test_results_that_are_no_raw_image_are_refused(transform: Any, got: str) -> None:
    wrapped = build_transform(A.Compose([transform]))
    with pytest.raises(
        DataError,
        match=rf"'image' as an array of dtype uint8.*got {got} from Compose.*normalise.*\[SA212\]",
    ):
        wrapped.apply(RECORD, 1)


def test_a_record_without_an_image_is_refused() -> None:
    with pytest.raises(DataError, match=r"needs the field 'image', got Record\(text: 'a'\)"):
        build_transform(A.HorizontalFlip()).apply(Record({"text": "a"}), 1)


BOXES = np.array([[2, 3, 10, 9], [15, 1, 20, 6]], np.float32)
POINTS = np.array([[2, 3], [19, 5]], np.float32)
DETECTED = RECORD.replace(
    bboxes=BOXES, kinds=np.array([7, 9]), keypoints=POINTS, parts=np.array([1, 2], np.int32)
)


def located(transforms: list[Any], **more: Any) -> Any:
    boxes = A.BboxParams("pascal_voc", label_fields=["kinds"])
    points = A.KeypointParams("xy", label_fields=["parts"])
    return build_transform(A.Compose(transforms, bbox_params=boxes, keypoint_params=points, **more))


def test_boxes_and_points_move_with_the_image() -> None:
    made = located([A.HorizontalFlip(p=1)]).apply(DETECTED, 1)
    assert np.array_equal(made["image"], IMAGE[:, ::-1])
    assert np.allclose(made["bboxes"], BOXES[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [24, 0, 24, 0])
    assert np.allclose(made["keypoints"], POINTS * [-1, 1] + [23, 0])
    assert [made[n].dtype for n in ("bboxes", "keypoints", "parts")] == ["f4", "f4", "i4"]  # type: ignore[union-attr]


def test_what_leaves_the_image_is_dropped_with_its_label() -> None:
    left = located([A.Crop(0, 0, 12, 12, p=1)]).apply(DETECTED, 1)
    assert left["bboxes"].tolist() == BOXES[:1].tolist() and left["kinds"].tolist() == [7]  # type: ignore[union-attr]
    assert left["keypoints"].tolist() == POINTS[:1].tolist() and left["parts"].tolist() == [1]  # type: ignore[union-attr]
    nothing = located([A.Crop(0, 12, 12, 24, p=1)]).apply(DETECTED, 1)
    assert nothing["bboxes"].shape == (0, 4) and nothing["keypoints"].shape == (0, 2)  # type: ignore[union-attr]
    assert nothing["kinds"].dtype == np.int64 and nothing["parts"].dtype == np.int32  # type: ignore[union-attr]
    again = located([A.HorizontalFlip(p=1)]).apply(nothing, 1)
    assert again["bboxes"].shape == (0, 4) and again["kinds"].shape == (0,)  # type: ignore[union-attr]


def test_several_masks_and_additional_targets_move_too() -> None:
    depth = IMAGE[..., 1].astype(np.float32)
    record = RECORD.replace(masks=np.moveaxis(IMAGE, 2, 0), depth=depth)
    made = build_transform(
        A.Compose([A.HorizontalFlip(p=1)], additional_targets={"depth": "mask"})
    ).apply(record, 1)
    assert np.array_equal(made["masks"], np.moveaxis(IMAGE, 2, 0)[:, :, ::-1])
    assert np.array_equal(made["depth"], depth[:, ::-1])


@pytest.mark.parametrize(
    ("transform", "record"),
    [
        (A.HorizontalFlip(), RECORD.replace(bboxes=BOXES)),
        (A.Compose([A.HorizontalFlip()]), RECORD.replace(keypoints=POINTS)),
        (
            A.Compose([A.HorizontalFlip()], bbox_params=A.BboxParams("coco", label_fields=["no"])),
            DETECTED,
        ),
        (A.Compose([A.HorizontalFlip()], bbox_params=A.BboxParams("coco")), RECORD),
    ],
)
def test_boxes_that_the_pipeline_does_not_know_of_are_refused(transform: Any, record: Any) -> None:
    with pytest.raises(DataError, match=r"must (say how '|find its fields \[').*SA212"):
        build_transform(transform).apply(record, 1)
