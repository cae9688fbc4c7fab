"""Whatever form the train loader comes in, the delivered stream is the planned one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from lightning.pytorch.tuner import Tuner
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    Sampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

import lightning_synthaug as sa
from lightning_synthaug.mixing import Mixture
from lightning_synthaug.plan import Epoch, Plan
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Sample, Tracer, planned, read, streams_equal, traced_dataset

SIZE, BATCH = 45, 8
RAMP = sa.Linear(0.0, 0.8, over="60%")


def loader(size: int = SIZE, batch: int = BATCH, **options: Any) -> DataLoader[Any]:
    return DataLoader(traced_dataset(size), batch, **options)


class Several(LightningModule):
    """Trained on batches in any tree; writes down what came from the mixed loader, by the trainer's batch number."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen: list[list[Sample] | None] = []
        self.numbers: list[int] = []

    def pick(self, batch: Any) -> Any:
        return batch["b"] if isinstance(batch, dict) else batch[1]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        mine = self.pick(batch)
        self.seen.append(None if mine is None else read(mine[0]))
        if mine is not None:
            self.numbers.append(sa.batch_info(self).number)
        return self.layer.weight.sum()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Nested(Several):
    def pick(self, batch: Any) -> Any:
        return batch["x"][1]


@pytest.mark.case(5, 6, 7)
@pytest.mark.parametrize(
    ("model", "make", "target"),
    [
        (Several, lambda a, b: [a, b], 1),
        (Several, lambda a, b: {"a": a, "b": b}, "b"),
        (Nested, lambda a, b: {"x": [a, b], "y": a}, ["x", 1]),
    ],
)
def test_one_of_several_loaders_in_a_tree(
    tmp_path: Path, model: type[Several], make: Any, target: Any
) -> None:
    """The shorter one is mixed; Lightning iterates it again within an epoch of the longer one."""
    data = model()
    aug = sa.SynthAug(Tracer(), RAMP, cache=tmp_path, target=target)
    loaders = make(loader(80), loader(batch=15, shuffle=True))
    trainer(max_epochs=2, callbacks=[aug]).fit(data, loaders)
    assert data.numbers == list(range(20))
    plan = expected(aug, batch=15, batches=20)
    assert data.seen == [planned(plan, n) for n in range(20)]


@pytest.mark.case(8)
@pytest.mark.parametrize("mode", ["min_size", "max_size", "max_size_cycle"])
@pytest.mark.parametrize("shorter", [True, False])
def test_each_mode_of_a_combined_loader(tmp_path: Path, mode: str, shorter: bool) -> None:
    mine, other = (3, 5) if shorter else (5, 3)
    data = Several()
    aug = sa.SynthAug(Tracer(), RAMP, cache=tmp_path, target="b")
    loaders = CombinedLoader({"a": loader(8 * other), "b": loader(8 * mine)}, mode)
    run = trainer(max_epochs=2, callbacks=[aug])
    run.fit(data, loaders)
    assert len(data.seen) == 2 * (3 if mode == "min_size" else 5)
    got = [rows for rows in data.seen if rows is not None]
    batches = {"min_size": 6, "max_size_cycle": 10}.get(mode, 2 * mine)
    plan = expected(aug, size=8 * mine, batches=batches, shuffle=False)
    assert got == [planned(plan, n) for n in range(batches)]
    assert loaders.iterables["b"].dataset is not None
    assert type(loaders.iterables["b"]) is DataLoader


def expected(
    aug: Any, *, size: int = SIZE, batch: int = BATCH, batches: int, shuffle: bool = True
) -> Plan:
    epoch = Epoch(size, batch)
    mixture = Mixture(aug.recipe, traced_dataset(size))
    return mixture.compile(epoch, epoch.slot(batches), shuffle=shuffle)


class Curriculum(Sampler[int]):
    """Draws from NumPy's global state, and from what it was told of the epoch."""

    epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return 20

    def __iter__(self) -> Iterator[int]:
        return iter((np.random.permutation(20) + self.epoch).tolist())  # noqa: NPY002


SAMPLERS = {
    "weighted": lambda: WeightedRandomSampler([0.0] * 15 + [1.0] * 30, 40),
    "subset": lambda: SubsetRandomSampler(range(10, 34)),
    "replacement": lambda: RandomSampler(range(SIZE), replacement=True, num_samples=50),
    "own": Curriculum,
}


@pytest.mark.case(17)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", sorted(SAMPLERS))
def test_the_order_of_a_users_sampler_is_the_real_stream(
    tmp_path: Path, kind: str, workers: int
) -> None:
    """Repeated under the same seed whatever the global states are; nothing outside its support is ever touched."""
    streams = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        model = recorder()
        aug = sa.SynthAug(Tracer(), 0.3, cache=tmp_path, seed=5, fill="off")
        users = loader(sampler=SAMPLERS[kind](), num_workers=workers)
        trainer(max_epochs=2, callbacks=[aug]).fit(model, users)
        assert kind != "own" or workers or np.random.get_state()[1][0] == seed  # noqa: NPY002
        streams.append(model.seen)
    assert streams[0] == streams[1]
    seen = Counter(s.index for rows in streams[0].values() for s in rows)
    support = {"weighted": range(15, 45), "subset": range(10, 34), "own": range(22)}
    assert set(seen) <= set(support.get(kind, range(SIZE)))
    length = {"weighted": 40, "subset": 24, "replacement": 50, "own": 20}[kind]
    assert sum(len(rows) for rows in streams[0].values()) == 2 * length


def test_extra_rows_displace_no_real_sample(tmp_path: Path) -> None:
    """Also where the transform would not be drawn: what comes once more is transformed."""
    model = recorder()
    aug = sa.SynthAug(
        Tracer(), sa.Linear(0.0, 0.25), extra=4, cache=tmp_path, transform=mark, transform_p=0.0
    )
    trainer(max_epochs=4, callbacks=[aug]).fit(model, loader(48, shuffle=True))
    assert [len(rows) for rows in model.seen.values()] == [12] * 24
    for epoch in range(4):
        rows = [s for n in range(6 * epoch, 6 * epoch + 6) for s in model.seen[n]]
        real = [s.index for s in rows if s.source == 0]
        assert sorted(i for i in real if i < MARK) == list(range(48))
        again = [i for i in real if i >= MARK]
        assert len(again) == 24 - sum(s.source == 1 for s in rows)
    synthetic = [sum(s.source == 1 for s in rows) for rows in model.seen.values()]
    assert sum(synthetic) == int(0.125 * 24 * 12)
    assert synthetic[-1] == 3 > synthetic[0] == 0


MARK = 200 * 256


def mark(image: np.ndarray) -> np.ndarray:
    """Marks a transformed sample: its number becomes a large one."""
    out = image.copy()
    out[0, 2] = 200
    return out


@pytest.mark.case(24)
def test_overfitting_keeps_to_the_first_batches(tmp_path: Path) -> None:
    for n, batches in (2, 2), (0.5, 3):
        model = recorder()
        aug = sa.SynthAug(Tracer(), 0.25, cache=tmp_path / str(n))
        trainer(max_epochs=3, callbacks=[aug], overfit_batches=n).fit(model, loader(shuffle=True))
        assert list(model.seen) == list(range(3 * batches))
        real = {s.index for rows in model.seen.values() for s in rows if not s.source}
        assert real <= set(range(batches * BATCH))


class Growing(LightningDataModule):
    """Builds its dataset anew, of another length each time."""

    sizes = (45, 29, 61)

    def train_dataloader(self) -> DataLoader[Any]:
        return loader(self.sizes[self.trainer.current_epoch], shuffle=True)


@pytest.mark.case(3, 42)
def test_a_reload_with_another_length_begins_a_new_pass(tmp_path: Path) -> None:
    model = recorder()
    aug = sa.SynthAug(Tracer(), 0.5, cache=tmp_path)
    run = trainer(max_epochs=3, callbacks=[aug], reload_dataloaders_every_n_epochs=1)
    run.fit(model, Growing())
    sizes = [len(rows) for rows in model.seen.values()]
    assert sizes == [8, 8, 8, 8, 8, 5] + [8, 8, 8, 5] + [8] * 7 + [5]
    start = 0
    for size, batches in (45, 6), (29, 4), (61, 8):
        rows = [s for n in range(start, start + batches) for s in model.seen[n] if not s.source]
        assert len({s.index for s in rows}) == len(rows)
        assert abs(len(rows) - size / 2) <= 1
        start += batches
    state = aug.state_dict()
    assert [row[:3] for row in state["history"]] == [["epoch", 6, 29], ["epoch", 10, 61]]


class AsksAgain(recorder().__class__):  # type: ignore[misc]
    """Looks at the train loader in the middle of an epoch."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if batch_idx == 1:
            assert len(self.trainer.datamodule.train_dataloader()) == 6
        return super().training_step(batch, batch_idx)


@pytest.mark.case(3)
def test_a_second_look_at_the_loader_changes_nothing(tmp_path: Path) -> None:
    class Fresh(LightningDataModule):
        def train_dataloader(self) -> DataLoader[Any]:
            return loader()

    model = AsksAgain()
    wrapped = sa.SynthAugDataModule(Fresh(), Tracer(), 0.5, cache=tmp_path)
    trainer(max_epochs=2).fit(model, wrapped)
    assert sum(s.source for rows in model.seen.values() for s in rows) == SIZE


@pytest.mark.case(38, 41)
@pytest.mark.parametrize("limit", [{"max_epochs": 3}, {"max_epochs": -1, "max_steps": 10}])
def test_steps_of_changing_size_are_counted(tmp_path: Path, limit: dict[str, int]) -> None:
    """Six steps of one batch, then two an epoch."""
    model = recorder()
    aug = sa.SynthAug(Tracer(), RAMP, cache=tmp_path)
    scheduler = GradientAccumulationScheduler({0: 1, 1: 3})
    trainer(callbacks=[aug, scheduler], **limit).fit(model, loader(shuffle=True))
    assert list(model.seen) == list(range(18))
    assert streams_equal(model.seen, expected(aug, batches=18))


@pytest.mark.case(46)
@pytest.mark.parametrize("module", [False, True], ids=["callback", "datamodule"])
def test_finding_a_learning_rate_first_leaves_the_run_as_it_is(
    tmp_path: Path, module: bool
) -> None:
    model = recorder()
    model.lr = 0.01
    model.configure_optimizers = lambda: torch.optim.SGD(model.parameters(), lr=model.lr)
    options = {"ratio": RAMP, "cache": tmp_path}
    aug = sa.SynthAug(Tracer(), **options)
    run = trainer(max_epochs=3, callbacks=None if module else [aug])
    data: Any = loader(shuffle=True)
    if module:
        inner = LightningDataModule()
        inner.train_dataloader = lambda: loader(shuffle=True)
        data = sa.SynthAugDataModule(inner, Tracer(), **options)
    before = model.training_step
    model.training_step = lambda batch, batch_idx: model.layer.weight.sum() * 1e-3  # type: ignore[method-assign]
    Tuner(run).lr_find(model, data, num_training=12, update_attr=False)
    model.training_step = before
    run.fit(model, data)
    assert streams_equal(model.seen, expected(aug, batches=18))
    assert list(model.seen) == list(range(18))


@pytest.mark.case(48)
def test_a_batch_size_is_found_through_the_wrapper(tmp_path: Path) -> None:
    class Sized(LightningDataModule):
        batch_size = 2

        def train_dataloader(self) -> DataLoader[Any]:
            return loader(batch=self.batch_size)

    inner = Sized()
    wrapped = sa.SynthAugDataModule(inner, traced_dataset(20, source=1), 0.5)
    run = trainer(max_epochs=1)
    model = recorder()
    before = model.training_step
    model.training_step = lambda batch, batch_idx: model.layer.weight.sum() * 1e-3  # type: ignore[method-assign]
    Tuner(run).scale_batch_size(model, datamodule=wrapped, max_trials=2, steps_per_trial=1)
    model.training_step = before
    size = inner.batch_size  # before Lightning 2.5 it is doubled once more
    assert size in (4, 8)
    run.fit(model, datamodule=wrapped)
    assert [len(rows) for rows in model.seen.values()] == [size] * (SIZE // size) + [SIZE % size]


@pytest.mark.case(60)
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("own", [False, True], ids=["global", "own-generator"])
def test_random_states_go_on_as_without_the_plugin(tmp_path: Path, workers: int, own: bool) -> None:
    """At ratio 0, and where samples are made by something that draws from the global states."""

    class Careless(Tracer):
        def generate(self, requests: Any) -> Any:
            torch.rand(3)
            np.random.rand()  # noqa: NPY002
            return super().generate(requests)

    states = []
    for ratio in (None, 0.0, 0.5):
        torch.manual_seed(1)
        np.random.seed(1)  # noqa: NPY002
        generator = torch.Generator().manual_seed(2) if own else None
        users = loader(shuffle=True, num_workers=workers, generator=generator)
        name = str(tmp_path / str(ratio))
        mixed = users if ratio is None else sa.mix(users, Careless(), ratio, cache=name)
        for _ in range(2):
            assert len(list(mixed)) == 6
        drawn = None if generator is None else generator.get_state().tolist()
        states.append((torch.get_rng_state().tolist(), np.random.rand(), drawn))  # noqa: NPY002
    assert states[0] == states[1] == states[2]
