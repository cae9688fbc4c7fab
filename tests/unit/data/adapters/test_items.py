"""Datasets written the way torchvision writes them, and everything else that returns tuples and dicts."""

from __future__ import annotations

import pickle
import random
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

from lightning_synthaug.data import Record, adapt, check_compatible
from lightning_synthaug.errors import DataError

RNG = np.random.default_rng(0)
Transform = Callable[..., Any] | None


class StandardTransform:
    """As in torchvision.datasets.vision."""

    def __init__(self, transform: Transform = None, target_transform: Transform = None) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target


class VisionDataset(Dataset[Any]):
    """As in torchvision.datasets.vision."""

    def __init__(
        self,
        transforms: Transform = None,
        transform: Transform = None,
        target_transform: Transform = None,
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform
        if transform is not None or target_transform is not None:
            transforms = StandardTransform(transform, target_transform)
        self.transforms = transforms

    def __len__(self) -> int:
        return len(self.targets)


class MNIST(VisionDataset):
    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.data = torch.from_numpy(RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8))
        self.targets = torch.from_numpy(RNG.integers(0, 10, 20))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        img, target = self.data[index], int(self.targets[index])
        img = Image.fromarray(img.numpy())
        if self.transform is not None:
            img = self.transform(img)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return img, target


class CIFAR10(VisionDataset):
    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self.data = RNG.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
        self.targets = RNG.integers(0, 10, 20).tolist()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        img, target = self.data[index], self.targets[index]
        img = Image.fromarray(img)
        if self.transform is not None:
            img = self.transform(img)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return img, target


class ImageFolder(VisionDataset):
    def __init__(self, root: Path, **named: Any) -> None:
        super().__init__(**named)
        self.samples = [(str(path), int(path.parent.name)) for path in sorted(root.glob("*/*.png"))]
        self.imgs = self.samples
        self.targets = [target for _, target in self.samples]

    def loader(self, path: str) -> Any:
        with Path(path).open("rb") as file:
            return Image.open(file).convert("RGB")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        sample = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return sample, target


class Segmentation(VisionDataset):
    """As VOCSegmentation: one transform of both."""

    targets = range(3)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        img = Image.fromarray(np.full((6, 5, 3), index, np.uint8))
        target = Image.fromarray(np.full((6, 5), index, np.uint8))
        if self.transforms is not None:
            img, target = self.transforms(img, target)
        return img, target


def to_tensor(image: Any) -> torch.Tensor:
    array = np.array(image)
    return (
        torch.from_numpy(
            array[None] if array.ndim == 2 else np.moveaxis(array, 2, 0).copy()
        ).float()
        / 255
    )


def flip_at_random(image: Any) -> torch.Tensor:
    tensor = to_tensor(image)
    return tensor.flip(-1) if random.random() < 0.5 else tensor


def plus_one(target: int) -> int:
    return target + 1


def same(left: Any, right: Any) -> bool:
    """Compare two items by kind and content."""
    check_compatible([left], right)
    if isinstance(left, dict):
        return all(same(left[key], right[key]) for key in left)
    if isinstance(left, tuple | list):
        return all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, str | bytes):
        return bool(left == right)
    return bool(np.array_equal(np.asarray(left), np.asarray(right)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for label in (0, 1):
        (tmp_path / str(label)).mkdir()
        for number in range(3):
            pixels = RNG.integers(0, 256, (7 + number, 9, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / str(label) / f"{number}.png")
    return tmp_path


@pytest.mark.parametrize("kind", [MNIST, CIFAR10, ImageFolder])
@pytest.mark.parametrize(
    "named",
    [
        {},
        {"transform": to_tensor},
        {"target_transform": plus_one},
        {"transform": to_tensor, "target_transform": plus_one},
    ],
)
def test_item_of_record_is_the_real_item(kind: type, named: dict[str, Any], folder: Path) -> None:
    dataset = kind(folder, **named) if kind is ImageFolder else kind(**named)
    adapter = adapt(dataset)
    for index in range(len(dataset)):
        record = adapter.record(index)
        assert record["label"] == int(dataset.targets[index])
        assert same(adapter.item(record), dataset[index])
        assert same(adapter.real(index), dataset[index])


def test_raw_images_are_read_without_the_random_transform_and_its_state() -> None:
    dataset = MNIST(transform=flip_at_random)
    adapter = adapt(dataset)
    before = random.getstate()
    records = [adapter.record(3) for _ in range(5)]
    assert random.getstate() == before
    assert len(set(records)) == 1
    assert np.array_equal(records[0]["image"], dataset.data[3].numpy())
    random.seed(1)
    made = adapter.item(records[0])
    random.seed(1)
    assert same(made, dataset[3])


def test_the_dataset_itself_is_not_changed() -> None:
    dataset = MNIST(transform=to_tensor, target_transform=plus_one)
    before = dict(vars(dataset))
    adapter = adapt(dataset)
    adapter.item(adapter.record(0))
    assert vars(dataset) == before


def test_a_transform_set_later_is_used() -> None:
    dataset = MNIST(transform=to_tensor)
    adapter = adapt(dataset)
    record = adapter.record(0)
    dataset.transform = flip_at_random
    random.seed(0)
    item = adapter.item(record)
    random.seed(0)
    assert same(item, dataset[0])


@pytest.mark.parametrize(
    "transforms", [None, lambda image, mask: (to_tensor(image), to_tensor(mask))]
)
def test_transforms_of_image_and_mask_together(transforms: Transform) -> None:
    dataset = Segmentation(transforms=transforms)
    adapter = adapt(dataset)
    assert list(adapter.record(2)) == ["image", "mask"]
    assert same(adapter.item(adapter.record(2)), dataset[2])


class Named(Dataset[Any]):
    """A user's class that calls albumentations."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict[str, Any]:
        image = np.full((4, 4, 3), index, np.uint8)
        return {"img": self.transform(image=image)["image"], "target": index, "name": f"n{index}"}


def test_a_transform_called_by_keyword() -> None:
    dataset = Named(lambda image: {"image": image[::-1, :2] + np.uint8(1)})
    adapter = adapt(dataset)
    assert adapter.record(2) == Record(
        {"image": np.full((4, 4, 3), 2, np.uint8), "label": 2, "name": "n2"}
    )
    assert same(adapter.item(adapter.record(2)), dataset[2])


Pair = namedtuple("Pair", "x y")

ITEMS: list[Any] = [
    (torch.rand(3, 8, 8), 4),
    (torch.rand(1, 8, 8), torch.tensor(4)),
    (torch.rand(8, 8), torch.tensor([4], dtype=torch.int32)),
    [np.ones((8, 8, 3), np.uint8), np.int64(4)],
    {"image": torch.zeros(3, 8, 8, dtype=torch.uint8), "label": 4},
    {"y": True, "x": np.ones((5, 6, 7), np.float16), "note": "n", "raw": b"r"},
    Pair(Image.new("L", (5, 6)), 4.5),
    (Image.new("RGBA", (5, 6)), 4),
    (Image.new("1", (5, 6)), 4),
    (Image.new("CMYK", (5, 6), (1, 2, 3, 4)), 4),
    (Image.new("LA", (5, 6)), 4),
    (Image.new("I;16", (5, 6)), 4),
    (torch.rand(10), torch.rand(3)),
    (torch.rand(10), float("nan"), 3),
    ("a sentence", 1),
    torch.rand(3, 8, 8),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: str(type(item).__name__))
def test_any_flat_item_comes_back_the_same(item: Any) -> None:
    adapter = adapt([item])
    built = adapter.item(adapter.record(0))
    check_compatible([item], built)
    assert same(item, built) or np.isnan(built[1])


def test_built_items_can_be_written_to_and_share_nothing() -> None:
    adapter = adapt([(torch.zeros(3, 4, 4), np.zeros(3))])
    record = adapter.record(0)
    first, second = adapter.item(record), adapter.item(record)
    first[0][:] = 1
    first[1][:] = 1
    assert second[0].sum() == 0
    assert second[1].sum() == 0


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        ((torch.rand(3, 8, 8), 4), {"image": np.zeros((8, 8, 3), np.uint8), "label": 1}),
        ((torch.rand(3, 8, 8), 4), {"image": np.zeros((8, 8), np.float32), "label": 1}),
        ((torch.rand(3, 8, 8), 4), {"image": np.zeros((8, 8, 3), np.float32)}),
        ((torch.rand(3, 8, 8), 4), {"image": np.zeros((8, 8, 3), np.float32), "label": 1.5}),
        ((torch.rand(3, 8, 8), 4), {"image": np.zeros((8, 8, 3), np.float32), "label": "1"}),
        ((torch.rand(3, 8, 8), 4), {"image": 3, "label": 1}),
        ((torch.rand(3, 8, 8), True), {"image": np.zeros((8, 8, 3), np.float32), "label": 3}),
        (
            (torch.rand(3, 8, 8), torch.tensor(4, dtype=torch.uint8)),
            {"image": np.zeros((8, 8, 3), np.float32), "label": 300},
        ),
        ((torch.rand(9), 4), {"image": np.zeros((3, 3), np.float32), "label": 1}),
        ((Image.new("RGB", (8, 8)), 4), {"image": np.zeros((8, 8), np.uint8), "label": 1}),
        (("text", 4), {"text": b"bytes", "label": 1}),
    ],
)
def test_a_record_that_would_have_to_be_changed_is_refused(
    item: Any, fields: dict[str, Any]
) -> None:
    with pytest.raises(
        DataError, match=r"without changing a value, got a misfit at '\w+'"
    ) as caught:
        adapt([item]).item(Record(fields))
    message = caught.value.message
    assert caught.value.code == "SA203"
    assert all(
        text in message
        for text in ("item of the dataset: (", "record:              {", "Pass `item=`")
    )


@pytest.mark.parametrize(
    ("item", "fields", "match"),
    [
        (
            (torch.rand(3, 8, 8), 4, 17),
            {"image": np.zeros((8, 8, 3), np.float32), "label": 1},
            r"field2': the record has no such field\n(.*\n)+.*`\S+ \S+ \(\S+, \S+'label'\], -1\)`\.",
        ),
        (
            {"x": torch.rand(3, 8, 8), "y": 4, "name": "a"},
            {"image": np.zeros((8, 8, 3), np.float32), "label": 1},
            r"\{'x': record\['image'\], 'y': record\['label'\], 'name': \.\.\.\}`\.",
        ),
        (
            (torch.rand(3, 8, 8), 4),
            {"image": np.zeros((8, 8, 3), np.uint8), "label": 1},
            r"dtype uint8 instead of float32\n(.*\n)+.*, or ask the generator for dtype=\"float32\"\.",
        ),
        (
            (np.zeros((8, 8, 3), np.uint8), 4),
            {"image": np.zeros((8, 8), np.uint8), "label": 1},
            r"shape \[8, 8\] does not become \[8, 8, 3\]\n(.*\n)+.* the generator for mode=\"L\"",
        ),
    ],
)
def test_a_misfit_says_why_and_what_to_do(item: Any, fields: dict[str, Any], match: str) -> None:
    with pytest.raises(DataError, match=match):
        adapt([item]).item(Record(fields))


class Opened(Dataset[Any]):
    """Files of all modes, brought into one form by the transform."""

    MODES = ("RGB", "L", "P", "RGBA", "LA")

    def __init__(self, transform: Transform = None, first: int = 0) -> None:
        self.transform = transform
        self.modes = self.MODES[first:] + self.MODES[:first]

    def __len__(self) -> int:
        return len(self.modes)

    def __getitem__(self, index: int) -> Any:
        image = Image.new("RGBA", (6, 5), (200, 0, 40, 255)).convert(self.modes[index])
        return (image if self.transform is None else self.transform(image)), index


def as_rgb(image: Any) -> Any:
    return torch.from_numpy(np.array(image.convert("RGB")))


@pytest.mark.parametrize("first", range(5))
def test_the_users_transform_gets_files_of_any_mode(first: int) -> None:
    dataset = Opened(as_rgb, first)
    adapter = adapt(dataset)
    for index in range(5):
        image, label = adapter.item(adapter.record(index))
        assert torch.equal(image, dataset[index][0])
        assert label == index
    grey = adapter.item({"image": np.full((5, 6), 7, np.uint8), "label": 1})
    assert torch.equal(grey[0], torch.full((5, 6, 3), 7, dtype=torch.uint8))


def test_without_a_transform_the_mode_must_be_the_datasets() -> None:
    with pytest.raises(DataError, match="SA203"):
        adapt(Opened()).item({"image": np.zeros((5, 6), np.uint8), "label": 1})
    for first in (2, 4):
        with pytest.raises(DataError, match="SA203"):
            adapt(Opened(first=first)).item({"image": np.zeros((5, 6, 3), np.uint8), "label": 1})


def test_nested_items_need_functions() -> None:
    adapter = adapt([({"image": 1}, 3)])
    assert adapter.has_records
    with pytest.raises(
        DataError, match=r"must be flat.*got \(\{'image': int\}, int\).*twins.*gates.*\[SA202\]"
    ):
        adapter.record(0)
    assert not adapter.has_records


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (Image.new("RGBa", (4, 4)), "a PIL image of mode RGBa"),
        (torch.zeros(3, dtype=torch.bfloat16), "a tensor of torch.bfloat16"),
        ({1, 2}, "a set"),
    ],
)
def test_what_no_record_can_hold_needs_functions(value: Any, got: str) -> None:
    with pytest.raises(DataError, match=f"must be readable as a plain array, got {got}"):
        adapt([(value, 3)]).record(0)


class Normalising(Dataset[Any]):
    """Goes on working on what its transform returns."""

    transform = staticmethod(to_tensor)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return self.transform(Image.new("L", (4, 4), index)).mean(), index


class Resizing(Normalising):
    def __getitem__(self, index: int) -> Any:
        small = self.transform(Image.new("L", (4, 4), index))
        return np.asarray(small) + np.float32(1), index


def test_a_dataset_that_needs_its_transform_says_so() -> None:
    with pytest.raises(
        DataError, match=r"readable without the dataset's transforms, got AttributeError.*\[SA202\]"
    ):
        adapt(Normalising()).record(0)


def test_a_dataset_that_works_on_what_its_transform_returns_says_so() -> None:
    adapter = adapt(Resizing())
    with pytest.raises(
        DataError, match=r"goes on working on what its transform returns.*\[SA206\]"
    ):
        adapter.item({"image": np.zeros((4, 4), np.float32), "label": 1})


class Fixed(Dataset[Any]):
    """Has a transform that cannot be taken out."""

    @property
    def transform(self) -> Any:
        return to_tensor

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Any:
        return self.transform(Image.new("L", (4, 4), 7)), index


def test_a_read_only_transform_stays_in_the_raw_items() -> None:
    adapter = adapt(Fixed())
    assert adapter.record(0)["image"].dtype == np.float32  # type: ignore[union-attr]
    assert same(adapter.item(adapter.record(0)), Fixed()[0])


class Counting(Dataset[Any]):
    """Counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        self.reads += 1
        return np.zeros((4, 4)), index


def test_nothing_is_read_before_the_first_question() -> None:
    dataset = Counting()
    adapter = adapt(dataset)
    assert adapter.has_records
    assert len(adapter) == 3
    pickle.dumps(adapter)
    assert dataset.reads == 0
    adapter.item(adapter.record(1))
    assert dataset.reads == 2
    assert pickle.loads(pickle.dumps(adapter))._found is None


def test_an_error_of_the_dataset_passes_unchanged() -> None:
    class Broken(Counting):
        def __getitem__(self, index: int) -> Any:
            raise FileNotFoundError("gone.png")

    with pytest.raises(FileNotFoundError, match=r"gone\.png"):
        adapt(Broken()).record(0)


def test_an_empty_dataset_is_refused_when_read() -> None:
    with pytest.raises(DataError, match=r"at least one sample, got an empty list.*\[SA201\]"):
        adapt([]).record(0)


def worker_item(adapter: Any) -> Callable[[int], Any]:
    return lambda index: adapter.item(adapter.record(index))


class Through(Dataset[Any]):
    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter

    def __len__(self) -> int:
        return len(self.adapter)

    def __getitem__(self, index: int) -> Any:
        return self.adapter.item(self.adapter.record(index))


def test_workers_make_the_same_items() -> None:
    dataset = MNIST(transform=to_tensor)
    loader = DataLoader(Through(adapt(dataset)), batch_size=5, num_workers=2)
    expected = DataLoader(dataset, batch_size=5)
    for (x, y), (other_x, other_y) in zip(loader, expected, strict=True):
        assert torch.equal(x, other_x)
        assert torch.equal(y, other_y)


STACKED: list[Any] = [
    TensorDataset(torch.rand(6, 3, 8, 8), torch.arange(6)),
    TensorDataset(torch.rand(6, 8, 8), torch.arange(6).int()[:, None]),
    TensorDataset(torch.rand(6, 9), torch.rand(6, 2), torch.arange(6)),
    [(torch.rand(1, 8, 8), 4), (torch.rand(1, 8, 8), 5)],
    [(np.ones((8, 8, 3), np.uint8), 4.5), (np.ones((8, 8, 3), np.uint8), 5.5)],
    [(np.ones(3), True), (np.ones(3), False)],
    [{"image": torch.rand(1, 8, 8), "label": i} for i in range(3)],
]


@pytest.mark.parametrize("dataset", STACKED)
def test_stacked_columns_are_the_batch_that_collating_gives(dataset: Any) -> None:
    adapter = adapt(dataset)
    records = [adapter.record(index) for index in range(len(dataset))]
    stacked = adapter.stack({name: np.stack([r[name] for r in records]) for name in records[0]})
    collated = default_collate([adapter.item(record) for record in records])
    assert stacked is not None
    if isinstance(stacked, dict):
        assert list(stacked) == list(collated)
        stacked, collated = tuple(stacked.values()), list(collated.values())
    for column, expected in zip(stacked, collated, strict=True):
        tensor = torch.from_numpy(np.ascontiguousarray(column))
        assert tensor.dtype == expected.dtype
        assert torch.equal(tensor, expected)


@pytest.mark.parametrize(
    "columns",
    [
        {"image": np.zeros((2, 8, 8, 3), np.uint8), "label": np.arange(2)},
        {"image": np.zeros((2, 8, 8), np.float32), "label": np.arange(2)},
        {"image": np.zeros((2, 8, 8, 3), np.float32), "label": np.array([0.5, 1])},
        {"image": np.zeros((2, 8, 8, 3), np.float32), "label": np.zeros((2, 2), int)},
        {"image": np.zeros((2, 8, 8, 3), np.float32), "label": np.array(["a", "b"])},
        {"image": np.zeros((2, 8, 8, 3), np.float32)},
    ],
)
@pytest.mark.parametrize("label", [4, torch.tensor(4)])
def test_columns_that_would_have_to_be_changed_are_not_stacked(
    columns: dict[str, Any], label: Any
) -> None:
    assert adapt([(torch.rand(3, 8, 8), label)]).stack(columns) is None


@pytest.mark.parametrize(
    "item",
    [
        [torch.rand(3), 1],
        OrderedDict(image=torch.rand(3)),
        {"image": torch.rand(3), "name": "x"},
        (Image.new("L", (4, 4)), 1),
        ("t", 1),
        Pair(1, 2),
    ],
)
def test_items_that_are_no_plain_container_of_numbers_are_not_stacked(item: Any) -> None:
    adapter = adapt([item])
    assert adapter.stack({}) is None


def test_a_dataset_with_a_transform_is_not_stacked() -> None:
    adapter = adapt(MNIST(transform=to_tensor))
    assert adapter.stack({}) is None
