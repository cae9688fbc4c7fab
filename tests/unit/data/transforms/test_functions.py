from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.data.transforms import FunctionTransform, ModuleTransform
from lightning_synthaug.errors import DataError

IMAGE = np.random.default_rng(0).integers(0, 200, (6, 5, 3), dtype=np.uint8)
RECORD = Record({"image": IMAGE, "label": 3})


def with_rng(image: Any, *, rng: np.random.Generator) -> Any:
    return image + rng.integers(0, 50, image.shape, dtype=np.uint8)


def with_globals(image: Any) -> Any:
    noise = random.randint(0, 9) + np.random.randint(0, 9) + int(torch.randint(0, 9, ()))  # noqa: NPY002
    return image + np.uint8(noise)


def with_cropping_and_writing(image: Any) -> Any:
    image[0] = 0
    return image[::-1, random.randint(0, 3) :]


class Noise(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        assert image.shape[0] in (1, 3)
        return image.flip(-1) + torch.randint(0, 50, image.shape, dtype=torch.uint8)


def states() -> tuple[Any, ...]:
    numpy_state = np.random.get_state()  # noqa: NPY002
    return (
        random.getstate(),
        numpy_state[1].tolist(),
        numpy_state[2],
        torch.get_rng_state().tolist(),
    )


@pytest.mark.parametrize("function", [with_rng, with_globals, with_cropping_and_writing, Noise()])
def test_same_seed_same_result_and_no_trace_in_global_states(function: Any) -> None:
    before = states()
    transform = build_transform(function)
    made = [transform.apply(RECORD, seed) for seed in range(20)]
    assert [build_transform(function).apply(RECORD, seed) for seed in reversed(range(20))] == made[
        ::-1
    ]
    assert len(set(made)) > 2
    assert states() == before
    assert np.array_equal(RECORD["image"], IMAGE)
    assert all(record["image"].flags.c_contiguous for record in made)  # type: ignore[union-attr]


def test_how_each_kind_is_called() -> None:
    assert isinstance(build_transform(with_globals), FunctionTransform)
    assert isinstance(build_transform(Noise()), ModuleTransform)
    made = build_transform(with_rng)
    assert isinstance(made, FunctionTransform)
    assert made.takes_rng


def test_states_are_restored_after_an_exception() -> None:
    def fails(image: Any) -> Any:
        random.random()
        raise KeyError("mine")

    before = states()
    with pytest.raises(KeyError, match="mine"):
        build_transform(fails).apply(RECORD, 1)
    assert states() == before


def test_grey_images_go_through_a_module_and_back() -> None:
    record = Record({"image": IMAGE[..., 0]})
    made = build_transform(Noise()).apply(record, 1)["image"]
    assert isinstance(made, np.ndarray)
    assert made.shape == (6, 5)


def test_text_and_audio_work_too() -> None:
    assert (
        build_transform(lambda text: text.upper()).apply(Record({"text": "ab"}), 1)["text"] == "AB"
    )
    audio = build_transform(lambda wave, rng: wave * np.float32(2)).apply(
        Record({"audio": np.ones(3, np.float32)}), 1
    )
    assert np.array_equal(audio["audio"], [2, 2, 2])


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda image: image / 255, "float64 with 3 dimensions"),
        (lambda image: image[..., 0], "uint8 with 2 dimensions"),
        (lambda image: None, "NoneType"),
        (lambda image: torch.from_numpy(image), "Tensor"),
        (torch.nn.Flatten(0), "Tensor"),
    ],
)
def test_results_of_another_kind_are_refused(function: Any, got: str) -> None:
    with pytest.raises(DataError, match=rf"with 3 dimensions, got {got} from .*\[SA212\]"):
        build_transform(function).apply(RECORD, 1)


def test_text_must_stay_text() -> None:
    with pytest.raises(DataError, match="must return 'text' as str, got list"):
        build_transform(lambda text: text.split()).apply(Record({"text": "a b"}), 1)


def test_records_with_nothing_to_change_are_refused() -> None:
    with pytest.raises(
        DataError,
        match=r"needs one of the fields \('image', 'text', 'audio'\), got Record\(label: 1\)",
    ):
        build_transform(with_globals).apply(Record({"label": 1}), 1)
    with pytest.raises(
        DataError, match=r"needs an 'image' \(H, W\[, C\]\) or 'audio', got Record\(label: 1\)"
    ):
        build_transform(Noise()).apply(Record({"label": 1}), 1)


MASKED = RECORD.replace(mask=IMAGE[..., 0])


def shifted_both(image: Any, mask: Any, rng: np.random.Generator) -> Any:
    step = int(rng.integers(1, 5))
    return np.roll(image, step, 1), np.roll(mask, step, 1)


def test_a_mask_moves_with_its_image() -> None:
    made = build_transform(shifted_both).apply(MASKED, 3)
    assert np.array_equal(np.asarray(made["image"])[..., 0], made["mask"])
    assert not np.array_equal(np.asarray(made["mask"]), MASKED["mask"])
    flipped = build_transform(lambda image, mask: (image[::-1], mask[::-1])).apply(MASKED, 3)
    assert np.array_equal(np.asarray(flipped["image"])[..., 0], flipped["mask"])
    with pytest.raises(DataError, match=r"return 'mask' as an array .* got NoneType.*SA212"):
        build_transform(lambda image, mask: image).apply(MASKED, 3)


@pytest.mark.parametrize("function", [with_rng, with_globals, Noise()])
def test_an_image_is_not_moved_under_its_mask(function: Any) -> None:
    for name in ("mask", "masks", "bboxes", "keypoints"):
        record = RECORD.replace(**{name: IMAGE[..., 0]})
        with pytest.raises(
            DataError, match=rf"change an image and its \['{name}'\] alike.*\[SA212\]"
        ):
            build_transform(function).apply(record, 3)


def test_a_function_of_image_and_mask_does_not_leave_boxes_behind() -> None:
    with pytest.raises(DataError, match=r"its \['bboxes'\] alike.*SA212"):
        build_transform(shifted_both).apply(MASKED.replace(bboxes=np.ones((2, 4))), 3)


def test_a_module_of_kornia_may_return_a_batch_of_one() -> None:
    kornia = pytest.importorskip("kornia")
    picture = Record({"image": (IMAGE / np.float32(255)).astype(np.float32)})
    transform = build_transform(kornia.augmentation.RandomHorizontalFlip(p=1.0))
    made = transform.apply(picture, 3)
    assert np.array_equal(made["image"], picture["image"][:, ::-1])  # type: ignore[index, call-overload]
