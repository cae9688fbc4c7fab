"""A run that was stopped goes on with the samples that it would have had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.errors import ResumeMismatch
from lightning_synthaug.plan import Clock
from tests.helpers.recorder import lightning_version, of_the_run, recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

SIZE, BATCH, BATCHES = 45, 8, 18
RAMP = sa.Linear(0.0, 0.8, over="60%")
Stream = dict[int, list[Sample]]


def train(
    folder: Path,
    *,
    resume: Path | None = None,
    model: Any = None,
    ratio: Any = RAMP,
    workers: int = 0,
    module: bool = False,
    seed: int = 3,
    every: int = 4,
    **options: Any,
) -> Stream:
    """Train with checkpoints every few batches; the delivered stream."""
    model = model or recorder()
    loader = DataLoader(traced_dataset(SIZE), BATCH, shuffle=True, num_workers=workers)
    recipe = {"ratio": ratio, "seed": seed, "cache": folder / "cache"}
    callbacks = [saver(folder, every)]
    data: dict[str, Any] = {"train_dataloaders": loader}
    if module:
        inner = LightningDataModule()
        inner.train_dataloader = lambda: loader
        data = {"datamodule": sa.SynthAugDataModule(inner, Tracer(), **recipe)}
    else:
        callbacks.append(sa.SynthAug(Tracer(), **recipe))
    limits = {"max_epochs": 3} | options
    run = trainer(callbacks=callbacks, **limits)
    run.fit(model, **data, ckpt_path=resume)
    seen: Stream = model.seen
    return seen


@pytest.mark.case(10, 26)
@pytest.mark.parametrize("stepping", [False, True], ids=["", "stepping"])
@pytest.mark.parametrize("module", [False, True], ids=["callback", "datamodule"])
@pytest.mark.parametrize("limit", [{"max_epochs": 3}, {"max_epochs": -1, "max_steps": BATCHES}])
def test_every_checkpoint_goes_on_with_the_same_samples(
    tmp_path: Path, stepping: bool, module: bool, limit: dict[str, int]
) -> None:
    options = {"module": module, **limit}
    whole = train(tmp_path / "whole", model=recorder(stepping=stepping), every=2, **options)
    assert list(whole) == list(range(BATCHES))
    for step, workers in (4, 0), (6, 2), (16, 0):
        rest = train(
            tmp_path / f"rest-{step}",
            resume=tmp_path / "whole" / f"step={step}.ckpt",
            model=recorder(stepping=stepping),
            workers=workers,
            **options,
        )
        expected = {n: rows for n, rows in whole.items() if n >= step}
        assert of_the_run(rest, BATCHES) == expected


@pytest.mark.case(27)
def test_a_run_resumed_twice_within_an_epoch(tmp_path: Path) -> None:
    whole = train(tmp_path / "a", every=2)
    train(tmp_path / "b", resume=tmp_path / "a" / "step=2.ckpt", every=1)
    rest = train(tmp_path / "c", resume=tmp_path / "b" / "step=3.ckpt")
    assert of_the_run(rest, BATCHES) == {n: rows for n, rows in whole.items() if n >= 3}


@pytest.mark.case(32)
def test_a_checkpoint_loads_without_trusting_its_pickle(tmp_path: Path) -> None:
    for module in (False, True):
        train(tmp_path / str(module), module=module, max_epochs=1)
        path = tmp_path / str(module) / "step=4.ckpt"
        state = torch.load(path, weights_only=True)
        own = state["callbacks"]["SynthAug"]
        assert own["fingerprint"]["seed"] == 3
        assert "combined_loader" not in state["loops"]["fit_loop"]["state_dict"]


@pytest.mark.case(30)
@pytest.mark.parametrize("module", [False, True], ids=["callback", "datamodule"])
@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"seed": 4}, r"seed\n +checkpoint: +3\n +configuration: 4"),
        (
            {"ratio": 0.25},
            r"ratio\n +checkpoint: +Linear\(start=0.0.*\n +configuration: Constant\(value=0.25",
        ),
        ({"max_epochs": 6}, r"schedule\n +checkpoint: +\w+\n +configuration: \w+"),
    ],
)
def test_another_configuration_is_refused_with_both_sides(
    tmp_path: Path, module: bool, changed: dict[str, Any], shown: str
) -> None:
    train(tmp_path / "a", module=module, max_epochs=1)
    model = recorder()
    options = {"max_epochs": 1, **changed}
    resume = tmp_path / "a" / "step=4.ckpt"
    with pytest.raises(ResumeMismatch, match=rf"(?s)same stream.*{shown}.*SA116"):
        train(tmp_path / "b", module=module, model=model, resume=resume, **options)
    assert model.seen == {}


@pytest.mark.case(35)
def test_a_second_fit_is_no_resume(tmp_path: Path) -> None:
    """The same callback with another dataset and another length of training."""
    aug = sa.SynthAug(traced_dataset(20, source=1), RAMP)
    first, second = recorder(), recorder()
    trainer(max_epochs=1, callbacks=[aug]).fit(first, DataLoader(traced_dataset(SIZE), BATCH))
    kept = aug.state_dict()
    assert kept["fingerprint"]["samples"] == SIZE
    trainer(max_epochs=2, callbacks=[aug]).fit(second, DataLoader(traced_dataset(24), BATCH))
    assert (len(first.seen), len(second.seen)) == (6, 6)
    assert aug.state_dict()["fingerprint"]["samples"] == 24


@pytest.mark.case(9)
def test_a_second_fit_of_one_trainer_goes_on(tmp_path: Path) -> None:
    aug = sa.SynthAug(traced_dataset(20, source=1), 0.5)
    model = recorder()
    run = trainer(max_epochs=1, callbacks=[aug])
    loader = DataLoader(traced_dataset(SIZE), BATCH)
    run.fit(model, loader)
    run.fit_loop.max_epochs = 2
    run.fit(model, loader)
    assert list(model.seen) == list(range(12))


def plain_loop(loader: DataLoader[Any], options: dict[str, Any]) -> Any:
    return sa.mix(loader, Tracer(), ratio=RAMP, total_batches=BATCHES, seed=3, **options)


@pytest.mark.parametrize("workers", [0, 2])
def test_mix_in_a_plain_loop_resumes(tmp_path: Path, workers: int) -> None:
    options = {"cache": tmp_path}

    def loop(mixed: Any, until: int) -> list[list[torch.Tensor]]:
        batches: list[list[torch.Tensor]] = []
        while len(batches) < until:
            for batch in mixed:
                batches.append(batch)
                if len(batches) == until:
                    break
        return batches

    data = traced_dataset(SIZE)
    make: Callable[[], Any] = lambda: plain_loop(  # noqa: E731
        DataLoader(data, BATCH, shuffle=True, num_workers=workers), options
    )
    whole = loop(make(), BATCHES)
    stopped = make()
    loop(stopped, 8)
    state = stopped.state_dict()
    assert state == {"batches": 8}
    resumed = make()
    resumed.load_state_dict(state)
    rest = loop(resumed, BATCHES - 8)
    assert all(
        torch.equal(a, b)
        for x, y in zip(whole[8:], rest, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    # The account of a batch is that of the batch, also after going back.
    stopped.load_state_dict({"batches": 2})
    for number, batch in enumerate(stopped, start=2):
        assert sa.batch_info(stopped).number == number
        assert torch.equal(batch[0], whole[number][0])


@pytest.mark.skipif(
    lightning_version() < (2, 2), reason="Lightning before 2.2 does not save the state of a loader"
)
def test_a_mixed_loader_given_to_a_trainer_resumes_there_too(tmp_path: Path) -> None:
    data = TensorDataset(*traced_dataset(SIZE).tensors)

    def fit(resume: Path | None = None) -> Stream:
        mixed = plain_loop(DataLoader(data, BATCH), {"cache": tmp_path / "cache"})
        model = recorder()
        saving = saver(tmp_path / str(resume is None), 4)
        run = trainer(max_epochs=3, callbacks=[saving])
        run.fit(model, mixed, ckpt_path=resume)
        seen: Stream = model.seen
        return seen

    whole = fit()
    assert list(whole) == list(range(BATCHES))
    rest = fit(tmp_path / "True" / "step=8.ckpt")
    assert of_the_run(rest, BATCHES) == {n: rows for n, rows in whole.items() if n >= 8}


def resumed(
    folder: Path,
    *,
    at: int,
    size: int = SIZE,
    batch: int = BATCH,
    end: int | None = None,
    **changed: Any,
) -> Any:
    """Go on from a checkpoint of `train` with something changed; the stream, and the callback."""
    model = recorder()
    model.batches = end
    recipe = {"ratio": RAMP, "seed": 3, "cache": folder / "cache"} | changed
    aug = sa.SynthAug(Tracer(), **recipe)
    loader = DataLoader(traced_dataset(size), batch, shuffle=True)
    run = trainer(callbacks=[aug, saver(folder / "again", 4)], max_epochs=3)
    run.fit(model, loader, ckpt_path=folder / f"step={at}.ckpt")
    return model.seen, aug


@pytest.mark.case(30)
def test_a_changed_global_batch_goes_on_by_samples_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path, every=6)
    seen, aug = resumed(tmp_path, at=6, batch=15, end=12)
    assert "from batch 6 on the run has another shape" in capsys.readouterr().err
    assert list(seen) == list(range(6, 12))
    state = aug.state_dict()
    assert state["history"] == [["epoch", 6, SIZE, 15, 1, False, 0]]
    # The ratio is that of the sample, not of the batch: the whole run has the synthetic samples of the schedule.
    count = sum(s.source for rows in seen.values() for s in rows)
    plan = sa.SynthAug(Tracer(), RAMP).recipe.schedule.compile(
        Clock(3 * SIZE, SIZE, lambda batch: batch * BATCH)
    )
    assert count == plan.count(3 * SIZE) - plan.count(SIZE)
    for start in (6, 9):
        real = [s.index for n in range(start, start + 3) for s in seen[n] if not s.source]
        assert len(set(real)) == len(real)
    # Stopped and resumed again in the new shape, the same goes on. (Lightning begins the epoch's count anew there.)
    again, _ = resumed(tmp_path / "again", at=8, batch=15, end=12, cache=tmp_path / "cache")
    assert {n: again[n] for n in range(8, 12)} == {n: seen[n] for n in range(8, 12)}


@pytest.mark.case(30)
def test_a_grown_dataset_goes_on(tmp_path: Path) -> None:
    train(tmp_path, every=6)
    seen, aug = resumed(tmp_path, at=6, size=61)
    assert aug.state_dict()["history"] == [["epoch", 6, 61, BATCH, 1, False, 0]]
    assert [len(rows) for rows in seen.values()][:8] == [8] * 7 + [5]


@pytest.mark.case(30)
def test_rescaling_goes_on_with_the_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(tmp_path, every=4)
    seen, _ = resumed(tmp_path, at=4, ratio=1.0, on_mismatch="rescale")
    assert "stream ends at batch 4: another ratio, schedule" in capsys.readouterr().err
    assert list(seen) == list(range(4, BATCHES))
    assert all(s.source for rows in seen.values() for s in rows)


@pytest.mark.case(30)
def test_keeping_goes_on_with_the_checkpoints_stream(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = train(tmp_path, every=4)
    seen, aug = resumed(tmp_path, at=4, ratio=1.0, seed=9, on_mismatch="keep")
    assert "the checkpoint's seed, ratio, schedule is kept" in capsys.readouterr().err
    assert seen == {n: rows for n, rows in whole.items() if n >= 4}
    assert aug.state_dict()["fingerprint"]["seed"] == 3
    with pytest.raises(ResumeMismatch, match=r"(?s)balance.*can keep seed, .*SA116"):
        resumed(tmp_path, at=4, balance="uniform", on_mismatch="keep")


@pytest.mark.case(29, 64)
@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`, callbacks used to create")
def test_a_checkpoint_of_the_datamodule_is_that_of_the_inner_one(tmp_path: Path) -> None:
    """With the plugin or without it, in both directions; and between DataModule and callback."""

    class Inner(LightningDataModule):
        def __init__(self, width: int = 1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.position = 0

        def train_dataloader(self) -> DataLoader[Any]:
            return DataLoader(traced_dataset(SIZE), BATCH, shuffle=True)

        def state_dict(self) -> dict[str, Any]:
            return {"position": 7}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            self.position = state_dict["position"]

    def fit(name: str, data: Any, *callbacks: Any, resume: str | None = None) -> Any:
        model = recorder()
        run = trainer(max_epochs=3, callbacks=[*callbacks, saver(tmp_path / name, 6)])
        path = None if resume is None else tmp_path / resume / "step=6.ckpt"
        run.fit(model, datamodule=data, ckpt_path=path)
        return model.seen

    def wrapped() -> Any:
        return sa.SynthAugDataModule(Inner(width=5), Tracer(), RAMP, seed=3, cache=tmp_path / "c")

    whole = fit("wrapped", wrapped())
    path = tmp_path / "wrapped" / "step=6.ckpt"
    assert Inner.load_from_checkpoint(path).hparams.width == 5
    plain = Inner()
    trainer(max_epochs=3).fit(Quiet(), datamodule=plain, ckpt_path=path)
    assert plain.position == 7
    rest = {n: rows for n, rows in whole.items() if n >= 6}
    aug = sa.SynthAug(Tracer(), RAMP, seed=3, cache=tmp_path / "c")
    assert fit("callback", Inner(), aug, resume="wrapped") == rest
    again = wrapped()
    assert fit("again", again, resume="wrapped") == rest
    assert again.datamodule.position == 7
    run = trainer(max_epochs=1, callbacks=[saver(tmp_path / "plain", 6)])
    run.fit(Quiet(), datamodule=Inner())
    late = wrapped()
    assert list(fit("late", late, resume="plain")) == list(range(6, BATCHES))
    assert late.datamodule.position == 7


class Quiet(type(recorder())):  # type: ignore[misc]
    """The same model, trained without the plugin."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.layer.weight.sum() * 0.0
