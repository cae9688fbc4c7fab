"""Datasets whose items are not all alike, or that are changed between epochs: mixed, they do what plain torch does."""

from __future__ import annotations

import copy
import gc
import multiprocessing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
    get_worker_info,
)
from torch.utils.data._utils.collate import default_collate_fn_map

import lightning_synthaug as sa
from lightning_synthaug.errors import DataError
from tests.laws.test_assembly_laws import equal, one_by_one

SIZE = 16


def image(index: int, side: int = 4) -> torch.Tensor:
    return torch.full((1, side, side), float(index))


class Told(Dataset[Any]):
    """Items as a function tells them."""

    def __init__(self, item: Callable[[int], Any], size: int = SIZE) -> None:
        self.tell, self.size = item, size

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        return self.tell(index)


class Aged(sa.Generator):
    """Makes images with a label and an age."""

    conditioning = "class"
    labels = frozenset({0, 1})

    def fingerprint(self) -> str:
        return "aged"

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        white = np.full((1, 4, 4), 99, np.float32)
        return [sa.Record({"image": white, "label": r.label or 0, "age": 30}) for r in requests]


def with_age(age: Callable[[int], Any], **more: Callable[[int], Any]) -> Callable[[int], Any]:
    def item(index: int) -> dict[str, Any]:
        first = {"image": image(index), "label": index % 2, "age": age(index)}
        return first | {key: value(index) for key, value in more.items()}

    return item


#: Items of which the first is one thing and some others another.
UNLIKE: dict[str, Callable[[int], Any]] = {
    "int and float": with_age(lambda i: 20 if i == 0 else 20 + i / 10),
    "int and nan": with_age(lambda i: 20 if i % 4 == 0 else float("nan")),
    "numpy numbers": with_age(lambda i: np.int64(20) if i == 0 else np.float64(20 + i / 10)),
    "bytes and long": with_age(lambda i: torch.tensor(20).byte() if i == 0 else torch.tensor(1000 + i)),
    "int and None": with_age(lambda i: 20 if i == 0 else None),
    "int and text": with_age(lambda i: 20 if i == 0 else "21"),
    "int and list": with_age(lambda i: 20 if i == 0 else [21]),
    "int and vector": with_age(lambda i: torch.tensor(20) if i == 0 else torch.tensor([20])),
    "soft labels": with_age(lambda i: 20, label=lambda i: 1 if i == 0 else 0.5),
    "half of an image": with_age(lambda i: 20, image=lambda i: image(i) if i == 0 else image(i).half()),
    "bfloat16": with_age(lambda i: 20, image=lambda i: image(i) if i == 0 else image(i).bfloat16()),
    "gradients": with_age(lambda i: 20, image=lambda i: image(i).requires_grad_()),
    "gray among colours": with_age(lambda i: 20, image=lambda i: image(i) if i == 0 else image(i)[:, :1]),
    "arrays of another dtype": with_age(lambda i: 20, image=lambda i: image(i).numpy().astype("f8" if i else "f4")),
    "a key more": lambda i: with_age(lambda i: 20, **({"id": lambda i: i} if i else {}))(i),
    "a key less": lambda i: {k: v for k, v in with_age(lambda i: 20)(i).items() if i == 0 or k != "age"},
    "tuples and lists": lambda i: (tuple if i == 0 else list)([image(i), i % 2]),
    "an element more": lambda i: (image(i), i % 2, *([i] if i else [])),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", UNLIKE)
def test_unlike_items_are_collated_as_one_by_one(name: str, tmp_path: Path) -> None:
    """Values, dtypes, structure; or the same kind of error. Nothing is bent into what item 0 was."""
    found = []
    for collate in (None, one_by_one):
        user = DataLoader(Told(UNLIKE[name]), 4, collate_fn=collate)
        labels = [i % 2 for i in range(SIZE)]
        mixed = sa.mix(user, Aged(), 0.5, cache=tmp_path, labels=labels)
        try:
            found.append(list(mixed))
        except Exception as error:
            found.append([type(error).__name__])
    ours, theirs = found
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        equal(as_array(a), as_array(b))


def as_array(batch: Any) -> Any:
    """Let what is not a number equal itself."""
    if isinstance(batch, dict):
        return {key: as_array(value) for key, value in batch.items()}
    if isinstance(batch, list):
        return [as_array(value) for value in batch]
    return torch.nan_to_num(batch.detach()) if isinstance(batch, torch.Tensor) else batch


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_tensors_and_indices_may_be_others_in_the_next_epoch(ratio: float) -> None:
    made = TensorDataset(torch.full((8, 1), -1.0), torch.zeros(8, dtype=torch.int64))
    data = TensorDataset(torch.arange(8.0)[:, None], torch.zeros(8, dtype=torch.int64))
    half = Subset(data, [0, 1, 2, 3])
    whole_run, half_run = (
        sa.mix(DataLoader(part, 4), made, ratio, labels=[0] * len(part)) for part in (data, half)
    )
    for mixed in (whole_run, half_run):
        assert set(torch.cat([y for _, y in mixed]).tolist()) == {0}
    data.tensors = (data.tensors[0] + 100, torch.full((8,), 7))
    half.indices = [4, 5, 6, 7]
    for mixed, first in ((whole_run, 100), (half_run, 104)):
        x, y = map(torch.cat, zip(*mixed, strict=True))
        real = x[:, 0] >= 0
        assert set(y[real].tolist()) == {7}
        assert x[real].min() >= first


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        (int, lambda batch, *, collate_fn_map=None: torch.tensor(batch, dtype=torch.int32)),
        (torch.Tensor, lambda batch, *, collate_fn_map=None: torch.stack(batch) + 1000),
        (np.ndarray, lambda batch, *, collate_fn_map=None: "mine"),
    ],
)
def test_what_a_user_tells_torchs_table_holds(
    monkeypatch: pytest.MonkeyPatch, kind: type, changed: Callable[..., Any]
) -> None:
    monkeypatch.setitem(default_collate_fn_map, kind, changed)
    items = Told(lambda i: (image(i), i, np.full(3, i)))
    for data in (items, TensorDataset(torch.arange(8.0)[:, None])):
        for ours, plain in zip(sa.mix(DataLoader(data, 4), data, 0.0), DataLoader(data, 4), strict=True):  # fmt: skip
            equal(ours, plain)


def test_texts_are_a_tuple_as_torch_has_them() -> None:
    data = Told(lambda i: (image(i), f"name{i}"))
    (_, ours), *_ = sa.mix(DataLoader(data, 2), data, 0.0)
    assert ours == default_collate([data[0], data[1]])[1] == ("name0", "name1")


class InBulk(Told):
    """Reads several at once, in its own way."""

    def __init__(self, bulk: Callable[[list[int]], Any]) -> None:
        super().__init__(lambda i: (image(i), i % 2))
        self._bulk = bulk

    def __getitems__(self, indices: list[int]) -> Any:
        return self._bulk(indices)


def as_it_is(batch: Any) -> Any:
    return batch


WHOLE: list[Callable[[list[int]], Any]] = [
    lambda indices: {"x": torch.tensor(indices), "n": len(indices)},
    lambda indices: (torch.tensor(indices), torch.tensor(indices) % 2),
    lambda indices: torch.tensor(indices),
    lambda indices: [(image(i), i % 2) for i in indices if i % 4 != 3],
]


@pytest.mark.parametrize("bulk", WHOLE)
def test_what_a_dataset_returns_for_several_indices_is_handed_on(
    bulk: Callable[[list[int]], Any],
) -> None:
    data = InBulk(bulk)
    plain = list(DataLoader(data, 4, collate_fn=as_it_is))
    for ours, theirs in zip(
        sa.mix(DataLoader(data, 4, collate_fn=as_it_is), Told(data.tell), 0.0), plain, strict=True
    ):
        assert type(ours) is type(theirs)
        equal(ours, theirs)


@pytest.mark.parametrize("bulk", WHOLE)
@pytest.mark.parametrize("collate", [None, one_by_one])
def test_but_a_mixed_batch_takes_an_item_for_each(
    bulk: Callable[[list[int]], Any], collate: Any, tmp_path: Path
) -> None:
    data = InBulk(bulk)
    for source in (Told(data.tell), Aged()):
        options: dict[str, Any] = {"cache": tmp_path, "labels": [i % 2 for i in range(SIZE)]}
        mixed = sa.mix(DataLoader(data, 4, collate_fn=collate), source, 0.25, **options)
        with pytest.raises(DataError, match="SA216"):
            list(mixed)


@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_samples_that_the_sampler_leaves_out_need_not_be_readable(
    ratio: float, tmp_path: Path
) -> None:
    def item(index: int) -> Any:
        if index == SIZE - 1:
            raise OSError("a broken file")
        return image(index), index % 2

    sampler = SubsetRandomSampler(range(8), generator=torch.Generator())
    labels = [i % 2 for i in range(SIZE)]
    for source in (Told(lambda i: (image(i), i % 2)), Aged()):
        user = DataLoader(Told(item), 4, sampler=sampler)
        assert len(list(sa.mix(user, source, ratio, cache=tmp_path, labels=labels))) == 2


class Looking(Dataset[Any]):
    """Looks for itself in its worker."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, _: int) -> torch.Tensor:
        info = get_worker_info()
        assert info is not None
        return torch.tensor(info.dataset is self)


def test_a_dataset_finds_itself_in_its_worker() -> None:
    mixed = sa.mix(DataLoader(Looking(), 2, num_workers=1), [torch.tensor(True)] * 4, 0.5)
    assert torch.cat(list(mixed)).all()


def read_all(loader: Any, told: Any) -> None:
    told.put([batch[0].tolist() for batch in loader])


@pytest.mark.parametrize("context", ["spawn", "fork"])
def test_a_loader_may_be_handed_to_another_process(context: Any) -> None:
    data = TensorDataset(torch.arange(40.0).view(8, 5))
    mixed = sa.mix(DataLoader(data, 4, num_workers=1), data, 0.0)
    processes = multiprocessing.get_context(context)
    told = processes.Queue()
    process = processes.Process(target=read_all, args=(mixed, told))
    process.start()
    assert told.get(timeout=120) == [batch[0].tolist() for batch in DataLoader(data, 4)]
    process.join()


def test_a_copy_of_a_loader_outlives_it() -> None:
    data = TensorDataset(torch.arange(40.0).view(8, 5))
    mixed = sa.mix(DataLoader(data, 4, num_workers=1), data, 0.0)
    list(mixed)
    other = copy.deepcopy(mixed)
    del mixed
    gc.collect()
    for ours, plain in zip(other, DataLoader(data, 4), strict=True):
        equal(ours, plain)


class Forgetful(Dataset[Any]):
    """Serves what was put in, and lets go of it in whatever process it is read."""

    def __init__(self) -> None:
        self.kept: list[torch.Tensor] = []

    def __len__(self) -> int:
        return 1

    def __getitem__(self, _: int) -> torch.Tensor:
        return self.kept.pop(0).clone()


def test_a_forked_process_that_lets_go_of_a_batch_frees_it_for_nobody_else() -> None:
    data = Told(lambda i: torch.full((64, 64), float(i)), 64)
    batches = iter(sa.mix(DataLoader(data, 4, num_workers=1), data, 0.0))
    bank = Forgetful()
    bank.kept = [next(batches) for _ in range(3)]
    before = [batch.clone() for batch in bank.kept]
    list(DataLoader(bank, num_workers=1, multiprocessing_context="fork"))
    for _ in range(6):
        next(batches)
    equal(bank.kept, before)
