"""Split BatchNorm on a toy whose synthetic rows have shifted statistics, with real trainers."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import pytest
import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, TrainerError
from tests.helpers import split_run
from tests.helpers.recorder import trainer
from tests.helpers.split_run import Classifier, samples

SEEDS = 5
#: Student's t for 4 degrees of freedom, two-sided 95 %.
T4 = 2.776


class Validated(Classifier):
    """Says its accuracy on validation data."""

    def validation_step(self, batch: Any, _: int) -> None:
        x, y = batch
        self.log("accuracy", (self.net(x).argmax(1) == y).float().mean())


class Arm(NamedTuple):
    """A trained model and its accuracy on real validation data."""

    model: Classifier
    accuracy: float


def fit(seed: int, *, split: bool, **options: Any) -> Arm:
    torch.manual_seed(seed)
    model = Validated()
    if split:
        sa.split_batchnorm(model)
    loader = DataLoader(samples(96, seed), 32, shuffle=True)
    aug = sa.SynthAug(samples(400, 100 + seed, shift=True), 0.75, seed=seed)
    run = trainer(**({"max_epochs": 12, "callbacks": [aug], "num_sanity_val_steps": 0} | options))
    run.fit(model, loader, DataLoader(samples(1000, 999), 1000))
    return Arm(model, float(run.callback_metrics["accuracy"]))


def test_split_statistics_help_on_real_data() -> None:
    arms = [(fit(s, split=True), fit(s, split=False)) for s in range(SEEDS)]
    gains = [split.accuracy - plain.accuracy for split, plain in arms]
    half = T4 * stdev(gains) / SEEDS**0.5
    told = f"split {[s.accuracy for s, _ in arms]}, plain {[p.accuracy for _, p in arms]}: +{mean(gains)}, +-{half}"
    assert mean(gains) - half > 0, told


def test_merged_inference_equals_the_split_models() -> None:
    split = fit(0, split=True, max_epochs=2).model.eval()
    real = samples(200, 5).tensors[0]
    with torch.no_grad():
        expected = split.net(real)
        merged = sa.merge_batchnorm(split)
        assert (merged.net(real) - expected).abs().max() <= 1e-6
        plain = Classifier().eval()
        plain.load_state_dict(merged.state_dict())
        assert (plain.net(real) - expected).abs().max() <= 1e-6
    assert [type(m) for m in merged.net] == [type(m) for m in plain.net]


def test_checkpoints_go_on_with_and_without_it(tmp_path: Path) -> None:
    """Weights, optimizer and loops."""
    for first in (True, False):
        path = tmp_path / f"{first}.ckpt"
        model = fit(0, split=first, max_epochs=1).model
        model.trainer.save_checkpoint(path)
        other = Classifier()
        if not first:
            sa.split_batchnorm(other)
        run = trainer(max_epochs=2, callbacks=[sa.SynthAug(samples(400, 100, shift=True), 0.75)])
        run.fit(other, DataLoader(samples(96, 0), 32, shuffle=True), ckpt_path=path)
        assert run.global_step == 6


class Data(LightningDataModule):
    """The same real data, by a DataModule."""

    def train_dataloader(self) -> Any:
        return DataLoader(samples(96, 0), 32, shuffle=True)


def test_the_datamodule_tells_the_model_as_well() -> None:
    models = []
    for wrapped in (True, False):
        torch.manual_seed(0)
        model = sa.split_batchnorm(Classifier())
        source: Any = samples(400, 100, shift=True)
        data = sa.SynthAugDataModule(Data(), source, 0.5) if wrapped else Data()
        callbacks = [] if wrapped else [sa.SynthAug(source, 0.5)]
        trainer(max_epochs=2, callbacks=callbacks).fit(model, datamodule=data)
        models.append(model.state_dict())
    assert all(torch.equal(models[0][k], v) for k, v in models[1].items())


def test_without_synthaug_a_split_model_is_told_what_is_missing() -> None:
    class Plain(Classifier):
        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            return self.net(batch[0]).sum()

    model = sa.split_batchnorm(Plain())
    with pytest.raises(ConfigError, match=r"no mixed loader\. Train it with SynthAug.*SA608"):
        trainer(max_epochs=1).fit(model, DataLoader(samples(96, 0), 32))


def test_synchronised_layers_are_refused() -> None:
    """Lightning itself converts them under ddp on GPUs, by the same call."""
    model = nn.SyncBatchNorm.convert_sync_batchnorm(sa.split_batchnorm(Classifier()))
    aug = sa.SynthAug(samples(400, 1, shift=True), 0.5)
    with pytest.raises(TrainerError, match="SA740"):
        trainer(max_epochs=1, callbacks=[aug]).fit(model, DataLoader(samples(96, 0), 32))


@pytest.mark.parametrize("ratio", [0.5, 0.0])
def test_losses_by_source_are_logged_over_the_interval(tmp_path: Path, ratio: float) -> None:
    told: list[tuple[torch.Tensor, torch.Tensor]] = []

    class Telling(Classifier):
        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            x, y = batch
            loss = nn.functional.cross_entropy(self.net(x), y, reduction="none")
            info = sa.batch_info(self)
            told.append((loss.detach(), info.is_synthetic))
            return info.weighted_mean(loss)

    aug = sa.SynthAug({"shifted": samples(400, 1, shift=True)}, ratio)
    logger = CSVLogger(tmp_path)
    options = {"max_epochs": 1, "callbacks": [aug], "logger": logger, "log_every_n_steps": 4}
    trainer(**options).fit(Telling(), DataLoader(samples(192, 0), 32))
    with (Path(logger.log_dir) / "metrics.csv").open() as file:
        lines = [line for line in csv.DictReader(file) if line.get("loss/real")]
    assert [line["step"] for line in lines] == ["3", "6"]  # every four batches, and what was left
    for line, batches in zip(lines, (told[:4], told[4:]), strict=True):
        losses, synthetic = (torch.cat(parts) for parts in zip(*batches, strict=True))
        assert float(line["loss/real"]) == pytest.approx(float(losses[~synthetic].mean()), rel=1e-4)
        if ratio:
            shifted = float(losses[synthetic].mean())
            assert float(line["loss/shifted"]) == pytest.approx(shifted, rel=1e-4)
        else:
            assert "loss/shifted" not in line


def test_two_processes_train_a_split_model(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MASTER_", "LOCAL_RANK"))}
    env |= {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, split_run.__file__, str(tmp_path)]
    done = subprocess.run(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout.decode()
    # Its loader does not shuffle, which Lightning would do on two ranks.
    assert done.stdout.count(b"set shuffle=True in the loader") == 1
    first, second = (torch.load(tmp_path / f"rank{r}.pt") for r in range(2))
    assert first["pid"] != second["pid"]
    assert {0, 1} <= {*first["counts"], *second["counts"]}  # none, or a single synthetic row
    for name, _ in Classifier().named_parameters():
        assert torch.equal(first["state"][name], second["state"][name])
    assert torch.isfinite(first["state"]["net.1.running_mean"]).all()
