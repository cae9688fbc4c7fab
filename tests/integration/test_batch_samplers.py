"""Batch samplers of the user's own: length buckets and token budgets, in every way to mix."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, DataError, ResumeMismatch
from tests.helpers import batch_ranks
from tests.helpers.batches import (
    Author,
    LengthBuckets,
    Paraphraser,
    Sentences,
    TokenBudget,
    loader_of,
    read_words,
    reader,
    to_item,
    to_record,
)
from tests.helpers.ranks import environment, stop
from tests.helpers.recorder import lightning_version, of_the_run, saver, trainer
from tests.helpers.traced import Sample

SIZE, BATCH, BUDGET = 60, 6, 50
DATA = Sentences(SIZE)
SHORT = Sentences(25, source=1, length=3)


def buckets() -> Any:
    return loader_of(LengthBuckets(DATA.lengths, BATCH), DATA)


def budget() -> Any:
    return loader_of(TokenBudget(DATA.lengths, BUDGET), DATA)


def train(
    loader: Any,
    source: Any = SHORT,
    *,
    ratio: Any = 0.3,
    folder: Path | None = None,
    resume: Path | None = None,
    stepping: bool = False,
    options: dict[str, Any] | None = None,
    **limits: Any,
) -> Any:
    """Train; the model with all that it has seen."""
    model = reader(stepping=stepping)
    aug = sa.SynthAug(source, ratio, **({"seed": 3} | (options or {})))
    callbacks = [aug] if folder is None else [saver(folder, 1), aug]
    trainer(callbacks=callbacks, **({"max_epochs": 3} | limits)).fit(
        model, loader, ckpt_path=resume
    )
    return model


def plain_passes(make: Any, count: int = 3) -> list[list[list[Sample]]]:
    """The passes of the user's loader as they are drawn under the seed: those of ratio 0."""
    model = train(make(), ratio=0.0, max_epochs=count)
    return [[model.seen[n] for n in numbers] for numbers in model.epochs]


@pytest.mark.case(17)
@pytest.mark.parametrize("make", [buckets, budget])
@pytest.mark.parametrize("workers", [0, 2])
def test_batches_stay_the_samplers_and_the_composition_is_exact(make: Any, workers: int) -> None:
    """Case 17."""
    loader = loader_of(make().batch_sampler, DATA, num_workers=workers)
    model = train(loader)
    real = [batch for each in plain_passes(make) for batch in each]
    assert [len(model.seen[n]) for n in range(len(real))] == [len(batch) for batch in real]
    rows = made = 0
    for n, batch in enumerate(real):
        for served, displaced in zip(model.seen[n], batch, strict=True):
            assert served.source or served == displaced
        rows += len(batch)
        made += sum(s.source for s in model.seen[n])
        assert made == int(0.3 * rows + 1e-6)
    assert rows == 3 * SIZE
    if make is budget:
        assert model.widest <= BUDGET


@pytest.mark.parametrize("make", [buckets, budget])
def test_passes_differ_and_hold_each_sample_once(make: Any) -> None:
    passes = plain_passes(make)
    assert len({str(p) for p in passes}) == 3
    for each in passes:
        assert sorted(s.index for batch in each for s in batch) == list(range(SIZE))
    if make is budget:
        assert len({len(p) for p in passes}) > 1  # or this test says nothing of passes that vary


@pytest.mark.parametrize("stepping", [False, True], ids=["", "stepping"])
@pytest.mark.parametrize("make", [buckets, budget])
@pytest.mark.parametrize("limit", [1.0, 7], ids=["", "cut"])
def test_every_save_point_resumes_exactly(
    tmp_path: Path, make: Any, stepping: bool, limit: Any
) -> None:
    limits = {
        "limit_train_batches": limit,
        "stepping": stepping,
        "ratio": sa.Linear(0.1, 0.7, over="15ba"),
    }
    model = train(make(), folder=tmp_path, **limits)
    whole = model.seen
    steps = {2, 7, len(whole) // 3, len(whole) // 3 + 1, len(whole) - 2}
    if lightning_version() < (
        2,
        5,
    ):  # it takes the batch that is saved after for not done: docs/compatibility.md
        steps -= {numbers[-1] + 1 for numbers in model.epochs}
    for step in sorted(steps):
        rest = train(make(), resume=tmp_path / f"step={step}.ckpt", **limits).seen
        rest = of_the_run(rest, len(whole))
        assert rest == {n: rows for n, rows in whole.items() if n >= step}, step


def test_a_cut_pass_is_not_gone_on_with() -> None:
    passes = plain_passes(budget)
    model = train(budget(), ratio=0.0, limit_train_batches=5)
    seen = [[model.seen[n] for n in numbers] for numbers in model.epochs]
    assert seen == [p[:5] for p in passes]


def test_overfitting_repeats_the_first_batches() -> None:
    model = train(budget(), ratio=0.0, overfit_batches=2)
    seen = [[model.seen[n] for n in numbers] for numbers in model.epochs]
    assert seen == [plain_passes(budget, 1)[0][:2]] * 3


def test_a_datamodule_is_mixed_as_well() -> None:
    from lightning.pytorch import LightningDataModule

    class Texts(LightningDataModule):
        def train_dataloader(self) -> Any:
            return budget()

    model = reader()
    datamodule = sa.SynthAugDataModule(Texts(), SHORT, 0.3, seed=3)
    trainer(max_epochs=3).fit(model, datamodule=datamodule)
    assert model.seen == train(budget()).seen


def test_loaders_made_anew_with_other_lengths_go_on_with_rows_and_passes() -> None:
    from lightning.pytorch import LightningDataModule

    class Growing(LightningDataModule):
        size = 20

        def train_dataloader(self) -> Any:
            self.size += 10
            data = Sentences(self.size)
            return loader_of(TokenBudget(data.lengths, BUDGET), data)

    model, aug = reader(), sa.SynthAug(SHORT, 0.5, fill="off")
    run = trainer(max_epochs=3, callbacks=[aug], reload_dataloaders_every_n_epochs=1)
    run.fit(model, datamodule=Growing())
    rows = [sum(len(model.seen[n]) for n in numbers) for numbers in model.epochs]
    assert rows == [30, 40, 50]
    assert sum(s.source for batch in model.seen.values() for s in batch) == 60
    place = aug.state_dict()["batch_sampler"]
    assert (place["rows"], place["pass"]) == (120, 2)


def test_twins_are_the_samples_displaced(tmp_path: Path) -> None:
    source = Paraphraser()
    options = {"item": to_item, "record": to_record, "cache": tmp_path}
    model = train(budget(), source, options=options)
    real = [batch for each in plain_passes(budget) for batch in each]
    for n, batch in enumerate(real):
        assert [s._replace(source=0) for s in model.seen[n]] == batch
    made = [s for rows in model.seen.values() for s in rows if s.source]
    assert len(made) == 3 * SIZE * 3 // 10
    assert sorted(source.log) == sorted(
        {(s.index, 0) for s in made}
    )  # each once, as a pool has one


def test_a_class_gets_samples_of_its_part_of_the_pool(tmp_path: Path) -> None:
    options = {"item": to_item, "record": to_record, "cache": tmp_path, "pool": 6}
    model = train(budget(), Author(), ratio=0.5, options=options)
    made = [s for rows in model.seen.values() for s in rows if s.source]
    assert len(made) == SIZE * 3 // 2
    assert {(s.label, s.index) for s in made} == {(y, i) for y in range(3) for i in range(2)}


def test_a_checkpoint_is_plain_and_another_stream_is_refused(tmp_path: Path) -> None:
    whole = train(budget(), folder=tmp_path, max_epochs=2).seen
    checkpoint = tmp_path / "step=4.ckpt"
    state = torch.load(checkpoint, weights_only=True)["callbacks"]["SynthAug"]["batch_sampler"]
    rows = sum(len(whole[n]) for n in range(4))
    assert (state["batches"], state["rows"], state["pass"], state["taken"]) == (4, rows, 0, 4)
    other = loader_of(TokenBudget(DATA.lengths, 40), DATA)
    with pytest.raises(ResumeMismatch, match=r"(?s)batches\n +checkpoint: +TokenBudget .*SA116"):
        train(other, resume=checkpoint, max_epochs=2)
    with pytest.raises(ResumeMismatch, match=r"(?s)seed\n.*SA116"):
        train(budget(), resume=checkpoint, max_epochs=2, options={"seed": 4})
    kept = {"seed": 4, "on_mismatch": "keep"}
    rest = train(budget(), resume=checkpoint, max_epochs=2, options=kept).seen
    assert rest == {n: rows for n, rows in whole.items() if n >= 4}
    anew = train(other, resume=checkpoint, max_epochs=2, options={"on_mismatch": "rescale"})
    first = [s for n in anew.epochs[0] for s in anew.seen[n] if not s.source]
    assert len({s.index for s in first}) == len(first)


def test_what_would_not_fit_is_refused_by_name() -> None:
    for options, match in (
        ({"extra": 2}, "extra=2"),
        ({"balance": "uniform"}, "balance='uniform'"),
    ):
        with pytest.raises(ConfigError, match=rf"got {match} for 60 samples.*SA651"):
            train(budget(), options=options)
    with pytest.raises(ConfigError, match=r"got pool=5 for.*SA651"):
        train(budget(), Paraphraser(), options={"pool": 5})


def test_one_of_several_loaders_is_read_again_amid_an_epoch(tmp_path: Path) -> None:
    from lightning.pytorch.utilities import CombinedLoader

    class Both(type(reader())):  # type: ignore[misc]
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return super().training_step(batch["texts"], batch_idx)

    def fit(mode: str, resume: Path | None = None) -> Any:
        loaders = {"texts": budget(), "more": torch.utils.data.DataLoader(range(40), 1)}
        model = Both()
        aug = sa.SynthAug(SHORT, 0.3, target="texts", seed=3)
        run = trainer(max_epochs=2, callbacks=[aug, saver(tmp_path, 1)])
        run.fit(model, CombinedLoader(loaders, mode), ckpt_path=resume)
        return model.seen

    whole = fit("max_size_cycle")
    assert len(whole) == 80
    flat = [s.index for n in range(40) for s in whole[n] if not s.source]
    assert len(flat) > len(set(flat))  # it was cycled through
    rest = fit("max_size_cycle", tmp_path / "step=33.ckpt")
    # The other loader begins anew: where nobody knows the length of an epoch, it is longer then.
    assert [rest[n] for n in range(33, 40)] == [whole[n] for n in range(33, 40)]
    with pytest.raises(DataError, match=r"mode \"max_size\".*SA650"):
        fit("max_size")


@pytest.mark.parametrize("arguments", [["0", "1"], ["fit"]], ids=["plain", "ddp"])
def test_two_ranks_share_what_one_process_would_read(tmp_path: Path, arguments: list[str]) -> None:
    """Each rank gets whole batches of the sampler; their union is the global batch of one process."""
    processes = [
        subprocess.Popen(
            [sys.executable, batch_ranks.__file__, argument, str(tmp_path)],
            env=environment(),
            start_new_session=True,
        )
        for argument in arguments
    ]
    try:
        assert [process.wait(timeout=120) for process in processes] == [0] * len(arguments)
    finally:
        for process in processes:
            stop(process)
    told = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in range(2)]
    loader = batch_ranks.mixed(tmp_path / "cache", 2)
    one = [[read_words(words) for words, _ in loader] for _ in range(batch_ranks.PASSES)]
    assert loader.feed.totals.generated == 0  # the ranks made all of it
    for first, second, whole in zip(*told, one, strict=True):
        both = [[*map(Sample._make, a + b)] for a, b in zip(first, second, strict=True)]
        assert both == whole
    sizes = [[len(rows) for rows in batches] for batches in (told[0][0], told[1][0])]
    assert sizes[0] != sizes[1]
    assert any(s.source for rows in one[1] for s in rows)
