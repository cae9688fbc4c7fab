"""Targets beyond class labels, from the generator through the cache and the loader into a real trainer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import albumentations as A
import numpy as np
import pytest
import torch
from lightning.pytorch import LightningModule
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError
from tests.helpers.recorder import trainer

SIDE, SIZE, BATCH = 16, 24, 8
REAL, MADE = 50, 200  # brightness of squares in real and in synthetic images


def square(number: int, bright: int) -> dict[str, Any]:
    """An image with a bright square somewhere, and everything that there is to be said of it."""
    rng = np.random.default_rng(number)
    high, wide = rng.integers(3, 7, 2)
    row, column = rng.integers(0, SIDE - 7, 2)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[row : row + high, column : column + wide] = 1
    boxes = np.array([[column, row, column + wide, row + high]], np.float32)
    count = 1 + number % 3  # the same box one, two or three times
    return {
        "image": mask * np.uint8(bright),
        "mask": mask,
        "bboxes": np.repeat(boxes, count, 0),
        "kinds": np.arange(count),
        "keypoints": np.array([[column, row], [column + wide - 1, row + high - 1]], np.float32),
        "area": float(high * wide),
        "soft": np.array([high, wide], np.float32) / np.float32(high + wide),
        "tags": np.array([high > wide, wide > 4, row > 4], np.int64),
    }


class Squares(sa.Generator):
    """Make squares with some of what can be said of them.

    Args:
        fields: Name in the record by name in a square.
    """

    def __init__(self, **fields: str) -> None:
        self.fields = fields

    def fingerprint(self) -> str:
        return f"squares-1 {sorted(self.fields.items())}"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        made = [square(request.seed % 2**32, MADE) for request in requests]
        return [sa.Record({name: one[of] for name, of in self.fields.items()}) for one in made]


class Squared(Dataset[Any]):
    """Real squares, each item made by a function."""

    def __init__(self, make: Callable[[dict[str, Any]], Any], transform: Any = None) -> None:
        self.make = make
        self.transform = transform

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> Any:
        item = self.make(square(index, REAL))
        return item if self.transform is None else self.transform(item)


class Keeping(LightningModule):
    """Trains one weight on the mean of the images, and keeps its batches."""

    def __init__(self, images: Callable[[Any], Any]) -> None:
        super().__init__()
        self.images = images
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen: list[tuple[Any, list[bool]]] = []

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        info = sa.batch_info(self)
        images = self.images(batch)
        self.seen.append((batch, info.is_synthetic.tolist()))
        rows = torch.stack([image.float().mean() for image in images])
        return info.weighted_mean((self.weight * rows / 255 - 1) ** 2)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=1e-3)


def fitted(
    folder: Path,
    dataset: Any,
    generator: sa.Generator,
    images: Callable[[Any], Any] = lambda batch: batch[0],
    *,
    workers: int = 0,
    collate: Any = default_collate,
    **options: Any,
) -> list[tuple[Any, list[bool]]]:
    """Train two epochs and return the batches; the squares of each row tell where it comes from."""
    aug = sa.SynthAug(generator, 0.5, cache=folder, seed=3, **options)
    loader = DataLoader(
        dataset, BATCH, shuffle=True, num_workers=workers, collate_fn=collate, drop_last=True
    )
    model = Keeping(images)
    trainer(max_epochs=2, callbacks=[aug]).fit(model, loader)
    assert len(model.seen) == 2 * SIZE // BATCH and model.weight.item() != 1.0
    for batch, synthetic in model.seen:
        assert sum(synthetic) == BATCH // 2
        top = [round(float(image.max())) for image in images(batch)]
        assert top == [MADE if one else REAL for one in synthetic]
    return model.seen


def tensors(*names: str) -> Callable[[dict[str, Any]], Any]:
    return lambda one: tuple(
        torch.from_numpy(v) if isinstance(v := one[n], np.ndarray) else v for n in names
    )


WORKERS = pytest.mark.parametrize("workers", [0, 2])
FLIP = A.HorizontalFlip(p=1.0)


@WORKERS
@pytest.mark.parametrize("transform", [None, FLIP], ids=["plain", "flipped"])
def test_masks(tmp_path: Path, workers: int, transform: Any) -> None:
    made = Squares(image="image", mask="mask")
    data = Squared(tensors("image", "mask"))
    seen = fitted(tmp_path, data, made, workers=workers, transform=transform, codec="png")
    for (images, masks), _ in seen:
        assert images.shape == masks.shape == (BATCH, SIDE, SIDE)
        assert torch.equal(images > 0, masks > 0)
    total = sum(int((m * torch.arange(SIDE)).sum()) for (_, m), _ in seen)
    assert (total > sum(int((m.flip(2) * torch.arange(SIDE)).sum()) for (_, m), _ in seen)) == (
        transform is not None
    )


def lists(items: list[Any]) -> Any:
    """As detectors take them: a list of images, and a list of dicts of their boxes."""
    return [item[0] for item in items], [item[1] for item in items]


def nested(one: dict[str, Any]) -> Any:
    boxes, kinds = torch.from_numpy(one["bboxes"]), torch.from_numpy(one["kinds"])
    return torch.from_numpy(one["image"]), {"boxes": boxes, "labels": kinds}


def from_record(record: sa.Record) -> Any:
    return nested({name: np.array(value) for name, value in record.items()})


def to_record(dataset: Any, index: int) -> dict[str, Any]:
    image, target = dataset[index]
    return {"image": image, "bboxes": target["boxes"], "kinds": target["labels"]}


def check_boxes(image: Any, boxes: Any, kinds: Any) -> None:
    assert kinds.tolist() == [*range(len(kinds))] and boxes.dtype == torch.float32
    rows, columns = torch.nonzero(image > 0, as_tuple=True)
    around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert torch.allclose(boxes, torch.stack(around).float().expand(len(kinds), 4), atol=1e-3)


BOXES = Squares(image="image", bboxes="bboxes", kinds="kinds")
WITH_BOXES = A.Compose([FLIP], bbox_params=A.BboxParams("pascal_voc", label_fields=["kinds"]))


@WORKERS
@pytest.mark.parametrize("transform", [None, WITH_BOXES], ids=["plain", "flipped"])
def test_any_number_of_boxes_in_nested_targets(
    tmp_path: Path, workers: int, transform: Any
) -> None:
    functions = {"item": from_record, "record": to_record, "collate": lists}
    seen = fitted(
        tmp_path, Squared(nested), BOXES, workers=workers, transform=transform, **functions
    )
    counts = set()
    for (images, targets), synthetic in seen:
        for image, target, made in zip(images, targets, synthetic, strict=True):
            check_boxes(image, target["boxes"], target["labels"])
            counts.add((made, len(target["boxes"])))
    assert counts == {(made, count) for made in (False, True) for count in (1, 2, 3)}


def padded(items: list[Any]) -> Any:
    most = max(len(item["kinds"]) for item in items)
    boxes = torch.zeros(len(items), most, 4)
    for row, item in enumerate(items):
        boxes[row, : len(item["kinds"])] = item["bboxes"]
    images = torch.stack([item["image"] for item in items])
    return {"image": images, "bboxes": boxes, "count": [len(item["kinds"]) for item in items]}


@WORKERS
def test_any_number_of_boxes_in_flat_items_need_no_functions(tmp_path: Path, workers: int) -> None:
    data = Squared(lambda one: {n: torch.from_numpy(one[n]) for n in ("image", "bboxes", "kinds")})
    options = {"transform": WITH_BOXES, "collate": padded, "workers": workers}
    for batch, _ in fitted(tmp_path, data, BOXES, lambda b: b["image"], **options):
        for image, boxes, count in zip(*batch.values(), strict=True):
            check_boxes(image, boxes[:count], torch.arange(count))


@WORKERS
def test_keypoints(tmp_path: Path, workers: int) -> None:
    flip = A.Compose([FLIP], keypoint_params=A.KeypointParams("xy", remove_invisible=False))
    data = Squared(lambda one: {n: torch.from_numpy(one[n]) for n in ("image", "keypoints")})
    made = Squares(image="image", keypoints="keypoints")
    seen = fitted(tmp_path, data, made, lambda b: b["image"], workers=workers, transform=flip)
    for batch, _ in seen:
        for image, points in zip(batch["image"], batch["keypoints"], strict=True):
            rows, columns = torch.nonzero(image > 0, as_tuple=True)
            corners = [[columns.max(), rows.min()], [columns.min(), rows.max()]]
            assert torch.allclose(points, torch.tensor(corners).float(), atol=1e-3)


@WORKERS
@pytest.mark.parametrize(
    ("of", "dtype"), [("soft", torch.float32), ("tags", torch.int64), ("area", torch.float64)]
)
@pytest.mark.parametrize("form", ["tuple", "dict", "tensors"])
def test_soft_labels_attributes_and_numbers(
    tmp_path: Path, of: str, dtype: Any, form: str, workers: int
) -> None:
    made = Squares(image="image", label=of) if form != "dict" else Squares(image="image", target=of)
    rows: Callable[[Any], Any] = lambda batch: batch[0]  # noqa: E731
    data: Any = Squared(tensors("image", of))
    if form == "dict":
        data = Squared(lambda one: {"image": one["image"], "target": one[of]})
        made, rows = Squares(image="image", label=of), lambda batch: batch["image"]
    elif form == "tensors":
        images, targets = zip(*(data[i] for i in range(SIZE)), strict=True)
        data = TensorDataset(
            torch.stack(images), torch.stack([torch.as_tensor(t) for t in targets])
        )
    told = {}
    for batch, _ in fitted(tmp_path, data, made, rows, workers=workers):
        images, targets = batch.values() if form == "dict" else batch
        area = (images > 0).sum((1, 2))
        expected = torch.float32 if (form, of) == ("tensors", "area") else dtype
        assert targets.dtype == expected and len(targets) == BATCH
        told |= dict(zip(area.tolist(), targets.tolist(), strict=True))
    assert of != "area" or all(area == target for area, target in told.items())
    assert of != "soft" or all(sum(soft) == pytest.approx(1) for soft in told.values())
    assert of != "tags" or all(set(tags) <= {0, 1} for tags in told.values())


def two_views(image: Any) -> tuple[Any, Any]:
    """What contrastive training asks for."""
    first = torch.from_numpy(image).float()
    return first, first.flip(1)


@WORKERS
def test_unlabelled_images(tmp_path: Path, workers: int) -> None:
    made = Squares(image="image")
    alone = Squared(lambda one: torch.from_numpy(one["image"]))
    for batch, _ in fitted(tmp_path, alone, made, lambda b: b, workers=workers, transform=FLIP):
        assert batch.shape == (BATCH, SIDE, SIDE)
    whole = TensorDataset(torch.stack([alone[i] for i in range(SIZE)]))
    for batch, _ in fitted(tmp_path, whole, made, workers=workers):
        assert len(batch) == 1
    views = Squared(lambda one: one["image"], two_views)
    for (first, second), _ in fitted(tmp_path, views, made, workers=workers):
        assert torch.equal(first.flip(2), second) and first.dtype == torch.float32


class Copies(sa.Generator):
    """Brighten the real sample, and keep everything else that it holds."""

    conditioning = "twin"

    def fingerprint(self) -> str:
        return "copies-1"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        made = []
        for request in requests:
            assert request.twin is not None
            bright = np.where(np.asarray(request.twin["image"]) > 0, np.uint8(MADE), np.uint8(0))
            made.append(request.twin.replace(image=bright))
        return [*made]


@pytest.mark.parametrize("of", ["area", "soft"])
def test_numbers_of_the_twin_are_kept_where_labels_are_for_balance_alone(
    tmp_path: Path, of: str
) -> None:
    data = Squared(tensors("image", of))
    bins = [int(square(i, REAL)["area"] > 16) for i in range(SIZE)]
    for transform in (None, FLIP):
        for (images, targets), _ in fitted(
            tmp_path, data, Copies(), labels=bins, transform=transform
        ):
            area = (images > 0).sum((1, 2)).double()
            assert of == "soft" or torch.equal(area, targets)
            assert of == "area" or torch.allclose(targets.sum(1), torch.ones(BATCH))


@WORKERS
def test_another_size_that_the_users_function_cannot_collate_is_told_with_both_shown(
    tmp_path: Path, workers: int
) -> None:
    def stacked(items: list[Any]) -> Any:
        return [torch.stack([item[0] for item in items]), [item[1] for item in items]]

    wide = Squared(lambda one: (torch.zeros(SIDE, SIDE + 1, dtype=torch.uint8), one["area"]))
    made = Squares(image="image", label="area")
    with pytest.raises(DataError, match=r"(?s)real: .*\[16, 17\].*synthetic: .*\[16, 16\].*SA205"):
        fitted(tmp_path, wide, made, workers=workers, collate=stacked)
