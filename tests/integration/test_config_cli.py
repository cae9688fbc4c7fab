"""LightningCLI by YAML and flags, for both namespaces (case 65)."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonargparse import ArgumentParser

import lightning_synthaug as sa
from tests.helpers.configured import DATA, SYNTHAUG, synthetic
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import Sample, Tracer

PACKAGES = ["lightning.pytorch", "pytorch_lightning"]
# Lightning 2.6 calls jsonargparse by names that it deprecated in 4.49.
pytestmark = [
    pytest.mark.case(65),
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
]
TRACER = "tests.helpers.traced.Tracer"
Seen = dict[int, list[Sample]]


@pytest.fixture(autouse=True)
def _no_flags_of_the_test_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """LightningCLI warns of arguments beside those of the command line."""
    monkeypatch.setattr(sys, "argv", ["train.py"])


def cli(package: str, folder: Path, *flags: str, data: bool = True, run: bool = True) -> Any:
    """A real command, in this process."""
    quiet = {
        "accelerator": "cpu",
        "devices": 1,
        "max_epochs": 2,
        "log_every_n_steps": 1,
        "logger": "false",
        "enable_checkpointing": "false",
        "enable_progress_bar": "false",
        "enable_model_summary": "false",
        "default_root_dir": str(folder),
    }
    import_module(SYNTHAUG[package])  # short names are those of loaded classes
    args = [f"--trainer.{key}={value}" for key, value in quiet.items()]
    return import_module(f"{package}.cli").LightningCLI(
        type(recorder(package)),
        *([DATA[package]] if data else []),
        args=[*(["fit"] if run else []), *flags, *args],
        run=run,
        seed_everything_default=1,
    )


def by_code(package: str, folder: Path, source: Any, ratio: Any, **options: Any) -> Seen:
    """What a model sees when the same is written in Python."""
    aug = import_module(SYNTHAUG[package]).SynthAug(
        source, ratio, cache=folder / "by-code", **options
    )
    model = recorder(package)
    trainer(package, max_epochs=2, callbacks=[aug]).fit(model, datamodule=DATA[package]())
    seen: Seen = model.seen
    assert any(sample.source for rows in seen.values() for sample in rows)
    return seen


def callback(command: Any) -> Any:
    found = [c for c in command.trainer.callbacks if type(c).__name__ == "SynthAug"]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", ["SynthAug", "lightning_synthaug.SynthAug"])
def test_flags_short_and_full_names(package: str, name: str, tmp_path: Path) -> None:
    command = cli(
        package,
        tmp_path,
        f"--trainer.callbacks+={name}",
        f"--trainer.callbacks.source={TRACER}",
        "--trainer.callbacks.source.mark=3",
        "--trainer.callbacks.ratio=Linear",
        "--trainer.callbacks.ratio.start=0",
        "--trainer.callbacks.ratio.end=0.5",
        "--trainer.callbacks.seed=9",
        f"--trainer.callbacks.cache={tmp_path / 'cache'}",
    )
    aug = callback(command)
    assert isinstance(aug, import_module(package).Callback)
    assert aug.ratio == sa.Linear(0.0, 0.5)
    assert command.model.seen == by_code(package, tmp_path, Tracer(3), sa.Linear(0, 0.5), seed=9)


CONFIGURATION = """
trainer:
  callbacks:
    - class_path: lightning_synthaug.SynthAug
      init_args:
        source:
          made: {class_path: tests.helpers.traced.Tracer, init_args: {mark: 1}}
          kept: {class_path: tests.helpers.configured.synthetic, init_args: {size: 8}}
        weights: {made: 2, kept: 1}
        ratio: {class_path: Steps, init_args: {stages: [["0%", 0.0], ["50%", 0.5]]}}
        transform: tests.helpers.configured.unchanged
        balance: {0: 1, 1: 1, 2: 2}
        seed: 1
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_yaml_a_flag_over_it_and_the_saved_file_again(package: str, tmp_path: Path) -> None:
    file = tmp_path / "project.yaml"
    file.write_text(CONFIGURATION)
    cache = f"--trainer.callbacks.init_args.cache={tmp_path / 'cache'}"
    over = "--trainer.callbacks.init_args.ratio.init_args.stages=[['0%',0.25]]"
    command = cli(package, tmp_path, f"--config={file}", cache, over)
    aug = callback(command)
    assert list(aug.source) == ["made", "kept"]
    assert len(aug.source["kept"]) == 8
    assert aug.seed == 1
    sources = {"made": Tracer(1), "kept": synthetic(8)}
    options: dict[str, Any] = {"weights": {"made": 2, "kept": 1}, "balance": {0: 1, 1: 1, 2: 2}}
    expected = by_code(package, tmp_path, sources, 0.25, **options, seed=1, transform=aug.transform)
    assert command.model.seen == expected
    saved = tmp_path / "config.yaml"  # SaveConfigCallback's
    again = cli(package, tmp_path / "again", f"--config={saved}")
    assert again.model.seen == expected
    # The callback's part of the file is a configuration of its own.
    part = yaml.safe_load(saved.read_text())["trainer"]["callbacks"][0]
    from_config = import_module(SYNTHAUG[package]).SynthAug.from_config(part)
    assert from_config.schedule == aug.schedule
    assert from_config.weights == aug.weights
    assert from_config.transform is aug.transform


@pytest.mark.parametrize("package", PACKAGES)
def test_one_file_for_the_command_and_for_python(package: str, tmp_path: Path) -> None:
    file = tmp_path / "synthaug.yaml"
    options = {
        "source": {"class_path": TRACER, "init_args": {"mark": 2}},
        "ratio": {"class_path": "Cosine", "init_args": {"start": 0.5, "end": 0.0}},
        "cache": str(tmp_path / "cache"),
    }
    file.write_text(yaml.safe_dump({"class_path": "SynthAug", "init_args": options}))
    command = cli(package, tmp_path, f"--trainer.callbacks+={file}")
    aug = import_module(SYNTHAUG[package]).SynthAug.from_config(file)
    model = recorder(package)
    trainer(package, max_epochs=2, callbacks=[aug]).fit(model, datamodule=DATA[package]())
    assert command.model.seen == model.seen
    assert aug.ratio == callback(command).ratio == sa.Cosine(0.5, 0.0)


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("by_class", [False, True])
def test_the_data_module_by_flags(package: str, by_class: bool, tmp_path: Path) -> None:
    inner = DATA[package]
    flags = [
        f"--data.datamodule={inner.__module__}.{inner.__name__}",
        "--data.datamodule.batch_size=4",
        f"--data.source={TRACER}",
        "--data.ratio=0.5",
        f"--data.cache={tmp_path / 'cache'}",
    ]
    if by_class:
        ours = import_module(SYNTHAUG[package]).SynthAugDataModule
        command = import_module(f"{package}.cli").LightningCLI(
            type(recorder(package)), ours, args=flags, run=False, seed_everything_default=1
        )
        assert type(command.datamodule) is ours
        assert command.datamodule.datamodule.batch_size == 4
        return
    command = cli(package, tmp_path, "--data=SynthAugDataModule", *flags, data=False)
    assert command.model.seen == by_code(package, tmp_path, Tracer(), 0.5)
    saved = cli(package, tmp_path / "2", f"--config={tmp_path / 'config.yaml'}", data=False)
    assert saved.model.seen == command.model.seen


SCRIPT = """
import sys
from pytorch_lightning.cli import LightningCLI
from pytorch_lightning.demos.boring_classes import BoringModel
LightningCLI(BoringModel, args=sys.argv[1:])
assert "lightning_synthaug" in sys.modules
"""


def printed_by_a_process(folder: Path, flags: list[str]) -> str:
    """What a project prints that does not import this package."""
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, *flags],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_print_config_goes_round(
    package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = [
        "--trainer.callbacks+=lightning_synthaug.SynthAug",
        f"--trainer.callbacks.source={TRACER}",
        "--trainer.callbacks.ratio=Linear",
        "--trainer.callbacks.ratio.start=0.1",
        "--trainer.callbacks.ratio.end=0.5",
        "--trainer.callbacks.transform=tests.helpers.configured.unchanged",
        "--trainer.callbacks.weights={'synthetic': 2}",
        f"--trainer.callbacks.cache={tmp_path / 'cache'}",
        "--print_config",
    ]
    if package == "pytorch_lightning":
        text = printed_by_a_process(tmp_path, ["fit", "--trainer.max_epochs=1", *flags])
    else:
        with pytest.raises(SystemExit, match=r"^0$"):
            cli(package, tmp_path, *flags, data=False)
        text = capsys.readouterr().out
    printed = yaml.safe_load(text)
    part = printed["trainer"]["callbacks"][0]
    assert part["class_path"] == "lightning_synthaug.SynthAug"
    assert set(part["init_args"]) == set(inspect.signature(sa.Recipe).parameters)
    file = tmp_path / "printed.yaml"
    file.write_text(yaml.safe_dump({"trainer": printed["trainer"]}))
    command = cli(package, tmp_path, f"--config={file}")
    aug = callback(command)
    assert aug.ratio == sa.Linear(0.1, 0.5)
    assert aug.transform.__name__ == "unchanged"
    assert any(sample.source for rows in command.model.seen.values() for sample in rows)


def test_there_is_one_list_of_options() -> None:
    recipe = set(inspect.signature(sa.Recipe).parameters)
    for module in SYNTHAUG.values():
        flavour = import_module(module)
        for kind, more in ((flavour.SynthAug, set()), (flavour.SynthAugDataModule, {"datamodule"})):
            parser = ArgumentParser(exit_on_error=False)
            parser.add_class_arguments(kind, "it")
            assert set(vars(parser.get_defaults().it)) == recipe | more
    # The class for both packages, where both are loaded, has the same.
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(sa.SynthAug, "it")
    assert set(vars(parser.get_defaults().it)) == recipe


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("--trainer.callbacks.ratio=Lineal", "Lineal"),
        ("--trainer.callbacks.sede=1", "sede"),
        ("--trainer.callbacks.seed=often", "often"),
    ],
)
def test_a_wrong_flag_ends_the_command(
    flag: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--trainer.callbacks+=SynthAug", f"--trainer.callbacks.source={TRACER}", flag]
    with pytest.raises(SystemExit):
        cli("lightning.pytorch", tmp_path, *flags, run=False)
    assert says in capsys.readouterr().err


def test_numbers_and_names_are_told_apart(tmp_path: Path) -> None:
    flags = ["--trainer.callbacks+=SynthAug", f"--trainer.callbacks.source={TRACER}"]
    command = cli(
        "lightning.pytorch",
        tmp_path,
        *flags,
        "--trainer.callbacks.ratio=0.3",
        f"--trainer.callbacks.label_map={json.dumps({0: 1})}",
        run=False,
    )
    assert callback(command).ratio == 0.3
    assert callback(command).label_map == {0: 1}
