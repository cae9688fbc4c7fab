"""The entry point that adds the callback from an environment variable (case 66)."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from lightning_synthaug.environment import VARIABLE
from lightning_synthaug.errors import ConfigError
from tests.helpers.configured import SYNTHAUG
from tests.helpers.recorder import recorder, saver, trainer
from tests.helpers.traced import Sample, Tracer, traced_dataset

PACKAGES = ["lightning.pytorch", "pytorch_lightning"]
pytestmark = pytest.mark.case(66)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the variable names."""
    file = tmp_path / "synthaug.yaml"
    file.write_text(
        f"source: tests.helpers.traced.Tracer\nratio: 0.5\ncache: {tmp_path / 'cache'}\n"
    )
    monkeypatch.setenv(VARIABLE, str(file))
    return file


def loader() -> DataLoader[Any]:
    return DataLoader(traced_dataset(20), 5)


def synthetic(seen: dict[int, list[Sample]]) -> int:
    return sum(sample.source > 0 for rows in seen.values() for sample in rows)


def names(run: Any) -> list[str]:
    return [type(callback).__name__ for callback in run.callbacks]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_installation_offers_the_factory(package: str) -> None:
    found = entry_points(group=f"{package}.callbacks_factory").select(name="synthaug")
    assert {e.load()() == [] for e in found} == {True}, "install the package: make .venv"


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("value", [None, ""])
def test_off_without_the_variable(
    package: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    assert names(trainer(package)) == []


def test_off_it_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    code = (
        "import sys; from lightning_synthaug import environment as e\n"
        "assert e.lightning_callbacks() == [] == e.pytorch_lightning_callbacks()\n"
        "print(*sorted(n for n in sys.modules if n.split('.')[0] in "
        "{'lightning_synthaug', 'torch', 'numpy', 'yaml', 'lightning', 'pytorch_lightning'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["lightning_synthaug", "lightning_synthaug.environment"]


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("package", PACKAGES)
def test_on_a_project_is_mixed_without_a_change(package: str) -> None:
    run, model = trainer(package, max_epochs=1), recorder(package)
    assert names(run) == ["SynthAugFromFile"]
    run.fit(model, loader())
    assert synthetic(model.seen) == 10
    assert names(run) == ["SynthAug"]
    again = recorder(package)
    run.fit_loop.max_epochs = 2
    run.fit(again, loader())  # the same trainer once more
    assert synthetic(again.seen) == 10
    assert names(run) == ["SynthAug"]


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("package", PACKAGES)
def test_one_list_of_callbacks_for_two_trainers(package: str) -> None:
    class Stateful(import_module(package).Callback):  # type: ignore[misc]
        ended = 0

        def on_fit_end(self, *_: Any) -> None:
            self.ended += 1

    callbacks = [Stateful()]
    for turn in (1, 2, 3):
        run, model = trainer(package, max_epochs=1, callbacks=callbacks), recorder(package)
        run.fit(model, loader())
        assert synthetic(model.seen) == 10
        assert names(run).count("SynthAug") == 1
        assert callbacks[0].ended == turn


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("by_model", [False, True])
def test_what_the_project_says_itself_counts(package: str, by_model: bool, tmp_path: Path) -> None:
    own = import_module(SYNTHAUG[package]).SynthAug(Tracer(), 0.2, cache=tmp_path / "own")
    model = recorder(package)
    if by_model:
        model.configure_callbacks = lambda: [own]
    run = trainer(package, max_epochs=1, callbacks=[] if by_model else [own])
    run.fit(model, loader())
    assert synthetic(model.seen) == 4
    assert names(run).count("SynthAug") == 1


@pytest.mark.usefixtures("config")
def test_a_wrapped_data_module_of_the_project_wins(tmp_path: Path) -> None:
    """As a callback of its own does: what the code says goes before what the environment says."""
    ours, pl = import_module(SYNTHAUG[PACKAGES[0]]), import_module(PACKAGES[0])
    inner = pl.LightningDataModule()
    inner.train_dataloader = loader
    data = ours.SynthAugDataModule(inner, Tracer(), 1.0, cache=tmp_path / "own")
    model = recorder()
    trainer(max_epochs=1).fit(model, datamodule=data)
    assert all(s.source for rows in model.seen.values() for s in rows)


@pytest.mark.parametrize("package", PACKAGES)
def test_resume_is_verified_and_exact(package: str, tmp_path: Path, config: Path) -> None:
    whole = recorder(package)
    run = trainer(package, max_epochs=2, callbacks=[saver(tmp_path, 3, package)])
    run.fit(whole, loader())
    checkpoint = tmp_path / "step=3.ckpt"
    states = torch.load(checkpoint, weights_only=True)["callbacks"]
    assert list(states) == ["SynthAug"]
    rest = recorder(package)
    trainer(package, max_epochs=2).fit(rest, loader(), ckpt_path=checkpoint)
    assert rest.seen == {n: rows for n, rows in whole.seen.items() if n >= 3}
    config.write_text(config.read_text() + "seed: 5\n")
    with pytest.raises(Exception, match="SA116"):
        trainer(package, max_epochs=2).fit(recorder(package), loader(), ckpt_path=checkpoint)


def test_only_a_fit_reads_the_file(config: Path) -> None:
    config.write_text("ratio: [")
    run, model = trainer(max_epochs=1), recorder(validating=True)
    run.test(model, loader(), verbose=False)
    assert len(model.validated) == 20
    with pytest.raises(ConfigError, match="SA721"):
        run.fit(model, loader(), loader())


@pytest.mark.usefixtures("config")
def test_spawned_ranks_get_it_too() -> None:
    import pickle

    (added,) = trainer(max_epochs=1).callbacks
    assert pickle.loads(pickle.dumps(added)).config == added.config
