"""However a fit ends, the user's objects are as they were, and the next fit works."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities import CombinedLoader
from torch.utils._pytree import tree_leaves
from torch.utils.data import BatchSampler, DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, DataError, PlanError, TrainerError
from tests.helpers.recorder import lightning_version, recorder, trainer
from tests.helpers.traced import Tracer, traced_dataset

SIZE, BATCH = 45, 8
VERSION = lightning_version()


class Inner(LightningDataModule):
    """A user's DataModule."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__()
        self.loader = loader
        self.told: list[str] = []

    def setup(self, stage: str) -> None:
        self.told.append("setup" * (stage == "fit"))

    def train_dataloader(self) -> DataLoader[Any]:
        return self.loader

    def teardown(self, stage: str) -> None:
        self.told.append("teardown" * (stage == "fit"))

    def on_exception(self, exception: BaseException) -> None:
        self.told.append(type(exception).__name__)


class User:
    """All that a user has, and what it was like before."""

    def __init__(self, folder: Path, *, module: bool) -> None:
        self.loader = DataLoader(
            traced_dataset(SIZE), BATCH, shuffle=True, num_workers=2, persistent_workers=True
        )
        self.inner = Inner(self.loader)
        options = {"ratio": 0.5, "cache": folder}
        self.aug = None if module else sa.SynthAug(Tracer(), **options)
        self.data = sa.SynthAugDataModule(self.inner, Tracer(), **options) if module else None
        self.run = trainer(max_epochs=1, callbacks=[self.aug] if self.aug else None)
        self.source = self.run.fit_loop._data_source
        self.before = self.state()

    def state(self) -> list[Any]:
        attributes = [
            {k: v for k, v in vars(thing).items() if k not in ("trainer", "told")}
            for thing in (self.loader, self.loader.dataset, self.inner)
        ]
        inits = [DataLoader.__init__, BatchSampler.__init__, DataLoader.__setattr__]
        # Only ours: libraries that load during the fit may bring filters of their own.
        filters = [f for f in warnings.filters if "resuming from a checkpoint" in str(f[1])]
        return [*attributes, filters, inits]

    def fit(self, model: Any) -> None:
        # A trainer has one DataModule or loader for each fit.
        data = {"datamodule": self.data} if self.data else {"train_dataloaders": self.loader}
        self.run.fit(model, **data)

    def check(self, *, stays: bool = False) -> None:
        assert self.state() == self.before
        assert self.run.fit_loop._data_source is self.source
        face: Any = self.aug or self.data
        assert face.feed is None
        assert (self.aug or face._aug).state_dict()
        assert self.data is None or stays or face._aug not in self.run.callbacks


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Lightning ignores the interrupt key for good once it was pressed."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@pytest.mark.filterwarnings("ignore:Detected KeyboardInterrupt")  # before Lightning 2.4
@pytest.mark.case(9, 49, 50, 57)
@pytest.mark.parametrize("module", [False, True], ids=["callback", "datamodule"])
@pytest.mark.parametrize(
    ("error", "raised"),
    [(None, None), (RuntimeError("mine"), RuntimeError), (KeyboardInterrupt(), SystemExit)],
    ids=["success", "exception", "interrupt"],
)
def test_everything_is_undone_and_a_second_fit_works(
    tmp_path: Path, module: bool, error: BaseException | None, raised: type[BaseException] | None
) -> None:
    user = User(tmp_path, module=module)
    model = recorder(stop_at=3, error=error)
    if raised is None:
        user.fit(model)
    else:
        # Lightning 2.4 and later end the process on an interrupt; those before return from the fit.
        returns = raised is SystemExit and VERSION < (2, 4)
        with nullcontext() if returns else pytest.raises(raised), interrupts_kept():
            user.fit(model)
        if returns:
            user.run._teardown()  # what they leave undone: workers, and signal handlers that hold the trainer
        # Lightning 2.3 and later tell the DataModule.
        assert type(error).__name__ in user.inner.told or not module or VERSION < (2, 3)
    # Those before leave its callback in the trainer, where it does nothing.
    user.check(stays=error is not None and VERSION < (2, 3))
    # The loader was never iterated itself, and holds no workers; ours are gone with the trainer's loader.
    assert user.loader._iterator is None
    if error is not None:
        error.with_traceback(None)  # its frames hold the trainer, and so the workers
    second = recorder()
    user.run = trainer(max_epochs=1, callbacks=[user.aug] if user.aug else None)
    user.source = user.run.fit_loop._data_source
    user.fit(second)
    assert list(second.seen) == list(range(6))
    user.check()
    del user, model, second
    gc.collect()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    "of",
    [
        lambda a, b: a,
        lambda a, b: [a, b],
        lambda a, b: {"x": b, "y": a},
        lambda a, b: CombinedLoader([a, b], "min_size"),
    ],
    ids=["loader", "list", "dict", "combined"],
)
def test_afterwards_the_trainer_shows_the_users_loaders(of: Any) -> None:
    def loader() -> DataLoader[Any]:
        return DataLoader(traced_dataset(24), 4, num_workers=1, persistent_workers=True)

    first, second = loader(), loader()
    theirs = of(first, second)

    class Counting(type(recorder())):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return self.layer.weight.sum()

    target = {list: 0, dict: "y"}.get(type(theirs), None if theirs is first else 0)
    run = trainer(max_epochs=1, callbacks=[sa.SynthAug(Tracer(), 1.0, target=target)])
    run.fit(Counting(), theirs)
    shown = run.train_dataloader
    assert [*map(id, tree_leaves(shown))] == [
        *map(id, tree_leaves(getattr(theirs, "iterables", theirs)))
    ]
    del run, shown
    gc.collect()
    for one in (first, second):
        one._iterator = None
    gc.collect()
    assert multiprocessing.active_children() == []


def test_a_callback_that_was_left_behind_mixes_for_nobody_else(tmp_path: Path) -> None:
    user = User(tmp_path, module=True)
    assert user.data is not None
    feeds = []

    class Looking(type(recorder())):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            feeds.append(user.data.feed)
            return self.layer.weight.sum()

    user.run.callbacks.insert(0, user.data._aug)
    user.run.fit(Looking(), user.inner)
    assert feeds == [None] * 6


@pytest.mark.case(64)
def test_the_datamodule_hands_hooks_on(tmp_path: Path) -> None:
    user = User(tmp_path, module=True)
    user.fit(recorder())
    assert user.inner.told == ["setup", "teardown"]
    assert user.inner.trainer is user.run


def refused(error: type[Exception], match: str, loader: Any, **options: Any) -> None:
    """A fit that is refused before its first batch, through both faces, with nothing left behind."""
    model = options.pop("model", None) or recorder()
    limits = options.pop("limits", {"max_epochs": 1})
    source, ratio = options.pop("source", traced_dataset(9, source=1)), options.pop("ratio", 0.5)
    init = DataLoader.__init__
    for module in (False, True):
        if module:
            data = {"datamodule": sa.SynthAugDataModule(Inner(loader), source, ratio, **options)}
            run = trainer(**limits)
        else:
            data = {"train_dataloaders": loader}
            run = trainer(callbacks=[sa.SynthAug(source, ratio, **options)], **limits)
        with pytest.raises(error, match=match):
            run.fit(model, **data)
        assert DataLoader.__init__ is init
        assert type(run.fit_loop._data_source).__name__ == "_DataLoaderSource"


@pytest.mark.case(16)
@pytest.mark.filterwarnings("ignore:You are using the `dataloader_iter` step flavor")
def test_a_step_that_takes_the_iterator_is_refused() -> None:
    model = recorder()
    model.training_step = types.MethodType(lambda self, dataloader_iter: None, model)
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    refused(TrainerError, r"must take a batch, got .*dataloader_iter.*SA702", loader, model=model)


@pytest.mark.case(40)
def test_percentages_need_an_end() -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    limits = {"max_time": "00:00:01:00"}
    match = r'length of training must be known .* got "40%".*max_time.*SA106'
    ramp = sa.Linear(0.0, 0.5, over="40%")
    refused(PlanError, match, loader, ratio=ramp, limits=limits)


def divided_batches(dataset: Any) -> DataLoader[Any]:
    class Mine(BatchSampler):
        num_replicas, rank = 2, 0

    return DataLoader(dataset, batch_sampler=Mine(range(SIZE), BATCH, drop_last=False))


@pytest.mark.case(17)
@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda dataset: DataLoader(dataset, None),
            r"batch by `batch_size`.*got batch_size=None.*SA602",
        ),
        (divided_batches, r"must not divide its batches.*Mine with num_replicas=2.*SA650"),
        (lambda dataset: [DataLoader(dataset)] * 2, r"`target` must name .* at \[0, 1\].*SA706"),
        (lambda dataset: [1, 2], r"`target` must name .*SA706"),
        (lambda dataset: DataLoader(dataset, 64, drop_last=True), r"at least one batch.*SA109"),
    ],
)
def test_loaders_that_cannot_be_mixed_are_refused(make: Callable[[Any], Any], match: str) -> None:
    refused((ConfigError, DataError, PlanError), match, make(traced_dataset(SIZE)))  # type: ignore[arg-type]


def test_labels_that_no_source_makes_are_refused_where_they_are_asked_for(tmp_path: Path) -> None:
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    options = {"source": Tracer(labels=[8, 9]), "balance": "uniform", "cache": tmp_path}
    refused(
        ConfigError, r"able to make a label that occurs, got \[8, 9\].*SA113", loader, **options
    )
