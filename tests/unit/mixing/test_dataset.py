"""The workers' half, asked as a worker asks it."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError
from lightning_synthaug.mixing.collate import MixedCollate
from lightning_synthaug.mixing.dataset import MixedDataset
from lightning_synthaug.mixing.message import BatchMessage
from tests.helpers.traced import Tracer, read, traced_dataset

SIZE = 45


def brightest(image: np.ndarray) -> np.ndarray:
    return np.full_like(image, 255)


def jittered(image: np.ndarray) -> np.ndarray:
    return np.full_like(image, random.randrange(256))  # noqa: NPY002, RUF100  # as users write them


def mixed(cache: Path, **options: Any) -> Any:
    loader = DataLoader(options.pop("data", traced_dataset(SIZE)), 8, **options.pop("loader", {}))
    return sa.mix(loader, options.pop("source", Tracer()), 0.5, cache=cache, **options)


def test_it_looks_like_the_users_dataset(tmp_path: Path) -> None:
    data = traced_dataset(SIZE)
    dataset: MixedDataset = mixed(tmp_path, data=data).dataset
    assert len(dataset) == SIZE
    assert torch.equal(dataset[3][0], data[3][0])


def test_it_travels_to_workers_without_the_main_process(tmp_path: Path) -> None:
    loader = mixed(tmp_path)
    whole = [batch[0] for batch in loader]
    dataset = pickle.loads(pickle.dumps(loader.dataset))
    assert dataset.feed is None
    collate: MixedCollate = loader.collate_fn
    message = pickle.loads(pickle.dumps(loader.feed.message(2)))
    delivered, batch = collate(dataset.__getitems__(message))
    assert delivered.missed is None
    assert torch.equal(batch[0], whole[2])


def test_each_source_is_checked_at_its_first_sample_and_never_again(tmp_path: Path) -> None:
    sources = {"a": Tracer(), "b": Tracer(), "c": Tracer()}
    loader = mixed(tmp_path, source=sources, weights={"a": 6, "b": 3, "c": 1})
    for _ in range(2):
        for _ in loader:
            pass
    assert loader.dataset._unchecked == set()


@pytest.mark.parametrize("on", ["both", "real", "synthetic"])
def test_transforms_go_where_they_are_asked(tmp_path: Path, on: str) -> None:
    loader = mixed(tmp_path, transform=brightest, transform_on=on)
    for images, _ in loader:
        synthetic = sa.batch_info(loader).is_synthetic
        bright = (images == 255).flatten(1).all(1)
        expected = {"both": torch.ones_like(synthetic), "real": ~synthetic, "synthetic": synthetic}
        assert bright.tolist() == expected[on].tolist()


def test_transforms_are_seeded_by_place_and_leave_the_users_state(tmp_path: Path) -> None:
    streams = []
    for workers in (0, 2):
        random.seed(5)
        loader = mixed(tmp_path, transform=jittered, loader={"num_workers": workers})
        streams.append([images.clone() for images, _ in loader])
        assert random.random() == random.Random(5).random()
    assert all(torch.equal(a, b) for a, b in zip(*streams, strict=True))
    values = {int(image[0, 0, 0]) for images in streams[0] for image in images}
    assert len(values) > 20


def test_the_probability_of_the_transform_follows_its_schedule(tmp_path: Path) -> None:
    options = {"transform_p": sa.Steps([("0%", 0.0), ("50%", 1.0)]), "total_batches": 6}
    loader = mixed(tmp_path, transform=brightest, **options)
    bright = torch.cat([(images == 255).flatten(1).all(1) for images, _ in loader])
    assert not bright[: SIZE // 2 - 1].any()
    assert bright[SIZE // 2 + 1 :].all()


class Dicts(Dataset[Any]):
    """Items that cannot be gathered as columns."""

    def __init__(self) -> None:
        self.inner = traced_dataset(SIZE)

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> dict[str, Any]:
        image, label = self.inner[index]
        return {"image": image, "label": int(label)}


def test_items_of_another_structure_are_built_one_by_one(tmp_path: Path) -> None:
    plain = [read(images) for images, _ in mixed(tmp_path)]
    loader = mixed(tmp_path, data=Dicts())
    assert [read(batch["image"]) for batch in loader] == plain
    assert all(batch["label"].dtype == torch.int64 for batch in loader)


def test_the_users_collate_function_is_called_as_ever(tmp_path: Path) -> None:
    calls = []

    def collate(items: list[Any]) -> Any:
        calls.append(len(items))
        return torch.stack([image for image, _ in items]), [int(label) for _, label in items]

    plain = [read(images) for images, _ in mixed(tmp_path)]
    loader = mixed(tmp_path, loader={"collate_fn": collate})
    assert [read(images) for images, _ in loader] == plain
    assert calls == [8, 8, 8, 8, 8, 5]


class Bulk(Dicts):
    """Reads many items at once, as the datasets of Hugging Face do."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def __getitems__(self, indices: list[int]) -> list[dict[str, Any]]:
        self.asked.append(len(indices))
        return [super(Bulk, self).__getitem__(i) for i in indices]


def test_real_and_synthetic_datasets_are_read_in_bulk(tmp_path: Path) -> None:
    real, synthetic = Bulk(), Bulk()

    def loader(data: Any, other: Any) -> Any:
        return sa.mix(DataLoader(data, 8), other, 0.25, cache=tmp_path)

    ours, theirs = list(loader(real, synthetic)), list(loader(Dicts(), Dicts()))
    assert [read(b["image"]) for b in ours] == [read(b["image"]) for b in theirs]
    assert set(synthetic.asked) <= {1, 2}
    assert sum(real.asked) + sum(synthetic.asked) == SIZE


def test_user_labels_are_put_back(tmp_path: Path) -> None:
    """The generator numbers its classes differently."""
    loader = mixed(tmp_path, source=Tracer(labels=[7, 8, 9]), label_map={0: 7, 1: 8, 2: 9})
    for images, labels in loader:
        synthetic = sa.batch_info(loader).is_synthetic.tolist()
        rows = zip(read(images), labels.tolist(), synthetic, strict=True)
        assert all(s.label == label + 7 * made for s, label, made in rows)


class FromOne(Dataset[Any]):
    """Keeps targets that count from 1, returns labels that count from 0."""

    def __init__(self) -> None:
        self.inner = traced_dataset(SIZE)
        self.targets = [int(self.inner[i][1]) + 1 for i in range(SIZE)]

    def __len__(self) -> int:
        return SIZE

    def __getitem__(self, index: int) -> Any:
        return self.inner[index][0], self.targets[index] - 1


def test_labels_that_are_not_the_items_own_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"difference at sample \d+:\n.*targets.*: \d\n  sample: \d"
    ):
        list(mixed(tmp_path, data=FromOne(), source=Tracer(labels=[1, 2, 3])))
    data = FromOne()
    right = mixed(tmp_path, data=data, labels=[target - 1 for target in data.targets])
    assert sum(sa.batch_info(right).is_synthetic.sum() for _ in right) > 0
    with pytest.raises(DataError, match=r"`labels=`: \d\n  sample: \d\n.*SA208"):
        list(mixed(tmp_path, data=data, labels=lambda index: 0))


def test_errors_of_the_package_come_as_values(tmp_path: Path) -> None:
    other = [(torch.zeros(2), 0)] * 9
    loader = mixed(tmp_path, source=other)
    loader.feed.begin()
    message: BatchMessage = loader.feed.message(0)
    error = loader.dataset.__getitems__(message)
    assert isinstance(error, DataError)
    assert error.code == "SA205"
    assert loader.collate_fn(error) == (error, None)


def test_checking_items_leaves_the_users_random_state(tmp_path: Path) -> None:
    class Noisy(Dicts):
        def __getitem__(self, index: int) -> dict[str, Any]:
            torch.rand(1)
            return super().__getitem__(index)

    loader = mixed(tmp_path, data=Noisy())
    loader.feed.begin()
    _ = loader.dataset.adapter.has_records  # reads one item to learn how items are built
    torch.manual_seed(0)
    loader.dataset.__getitems__(loader.feed.message(0))
    after = torch.rand(1)
    torch.manual_seed(0)
    for _ in range(4):  # the real rows of the batch, and nothing else
        torch.rand(1)
    assert torch.equal(after, torch.rand(1))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_misfit_shows_at_the_first_batch_and_not_when_the_ramp_reaches_it(workers: int) -> None:
    wrong = [(torch.zeros(3, 9, 9, dtype=torch.uint8), torch.tensor(0))] * 5
    late = sa.Steps([("0%", 0.0), ("90%", 0.5)])
    loader = DataLoader(traced_dataset(SIZE), 8, num_workers=workers)
    with pytest.raises(DataError, match=r"(?s)\[1, 6, 6\].*\[3, 9, 9\].*SA205"):
        next(iter(sa.mix(loader, wrong, late, total_batches=100)))


class Unconditional(sa.Generator):
    """Makes what it likes, and says what it is."""

    def fingerprint(self) -> str:
        return "unconditional-1"

    def generate(self, requests: Any) -> Any:
        return [sa.Record({"image": np.zeros((6, 6), np.uint8), "label": 77}) for _ in requests]


def test_what_an_unconditional_generator_says_of_its_own_stays(tmp_path: Path) -> None:
    for options in ({}, {"collate_fn": torch.utils.data.default_collate}, {"collate_fn": list}):
        loader = mixed(tmp_path, source=Unconditional(), loader=options)
        for batch in loader:
            labels = [y for _, y in batch] if isinstance(batch[0], tuple) else batch[1].tolist()
            synthetic = sa.batch_info(loader).is_synthetic.tolist()
            assert [int(y) == 77 for y in labels] == synthetic


class Ragged(Dataset[Any]):
    def __init__(self, fill: float) -> None:
        self.fill = fill

    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> Any:
        return torch.full((3 + index % 7,), self.fill)


@pytest.mark.parametrize("seed", range(5))
def test_items_whose_size_varies_are_not_a_misfit(seed: int) -> None:
    loader = DataLoader(Ragged(0.0), 4, shuffle=True, collate_fn=list)
    rows = [x for batch in sa.mix(loader, Ragged(1.0), 0.2, seed=seed) for x in batch]
    assert sum(float(x[0]) for x in rows) == 8
