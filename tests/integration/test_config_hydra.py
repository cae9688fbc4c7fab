"""The config group for Hydra."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from tests.helpers.configured import SYNTHAUG
from tests.helpers.recorder import recorder, trainer
from tests.helpers.traced import traced_dataset

GROUP = Path(sa.__file__).parent / "conf" / "synthaug"
RATIOS = sorted(file.stem for file in (GROUP / "ratio").iterdir())
PROJECT = """
defaults: [{synthaug: default}, _self_]
hydra: {searchpath: ["pkg://lightning_synthaug.conf"]}
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Any]:
    """A project whose `config.yaml` takes the group; call it with flags."""
    (tmp_path / "config.yaml").write_text(PROJECT)
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        yield lambda *flags: compose("config", overrides=list(flags)).synthaug
    GlobalHydra.instance().clear()


@pytest.mark.parametrize("ratio", RATIOS)
def test_each_schedule_can_be_chosen(project: Any, ratio: str) -> None:
    aug = instantiate(project(f"synthaug/ratio={ratio}", "synthaug.source.folder=faces"))
    assert type(aug.ratio).__name__.lower() == ratio
    assert isinstance(aug.source, sa.FolderGenerator)


def test_there_is_a_file_for_each_schedule() -> None:
    plan = import_module("lightning_synthaug.plan")
    kinds = [kind for kind in vars(plan).values() if isinstance(kind, type)]
    schedules = {k.__name__.lower() for k in kinds if issubclass(k, plan.Schedule)} - {"schedule"}
    assert schedules == set(RATIOS)


def test_flags_change_and_add_options(project: Any) -> None:
    flags = ["synthaug.ratio.end=0.4", "synthaug.ratio.over=40%", "synthaug.seed=3"]
    source = ["synthaug/source=torch", "synthaug.source.weights=w.pt", "synthaug.source.latent=8"]
    added = ["+synthaug.pool=50", "+synthaug.weights={w: 2}", "synthaug.source.module=pkg:Net"]
    aug = instantiate(project(*flags, *source, *added))
    assert aug.ratio == sa.Linear(0.0, 0.4, over="40%")
    assert (aug.seed, aug.pool, aug.weights) == (3, 50, {"w": 2})
    assert type(aug.weights) is dict  # plain, so that workers need no omegaconf
    assert pickle.loads(pickle.dumps(aug)).source.module == "pkg:Net"


def test_a_generator_by_the_name_of_its_entry_point(project: Any) -> None:
    flags = ["synthaug/source=named", "synthaug.source.name=folder", "+synthaug.source.folder=f"]
    assert isinstance(instantiate(project(*flags)).source, sa.FolderGenerator)


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_a_run(project: Any, package: str, tmp_path: Path) -> None:
    # `~` takes away what the default file says; the project then names a generator of its own.
    sources = "{a: {_target_: tests.helpers.traced.Tracer}, b: {_target_: tests.helpers.configured.tracer, mark: 2}}"
    flags = [
        "~synthaug/source",
        f"+synthaug.source={sources}",
        "synthaug/ratio=constant",
        "synthaug.ratio.value=0.4",
        f"synthaug.cache={tmp_path / 'cache'}",
        f"synthaug._target_={SYNTHAUG[package]}.SynthAug",
    ]
    aug, model = instantiate(project(*flags)), recorder(package)
    trainer(package, max_epochs=1, callbacks=[aug]).fit(model, DataLoader(traced_dataset(20), 5))
    sources_seen = [s.source for rows in model.seen.values() for s in rows if s.source]
    assert sorted(sources_seen) == [1, 1, 1, 1, 2, 2, 2, 2]


def test_the_files_name_only_options_that_there_are() -> None:
    parameters = set(sa.Recipe.__dataclass_fields__)
    default = yaml.safe_load((GROUP / "default.yaml").read_text())
    assert {key for key in default if not key.startswith("_") and key != "defaults"} < parameters
