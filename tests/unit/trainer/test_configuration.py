"""from_config, apart from a run; with one, see tests/integration/test_config_cli.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, MissingDependency
from lightning_synthaug.lightning import SynthAug, SynthAugDataModule
from lightning_synthaug.trainer.configuration import read_config
from tests.helpers.configured import LightningData, unchanged
from tests.helpers.traced import Tracer

TRACER = {"class_path": "tests.helpers.traced.Tracer", "init_args": {"mark": 2}}


class Mine(SynthAug):
    """A user's subclass."""


def test_a_dict_a_file_and_a_wrapped_file_say_the_same(tmp_path: Path) -> None:
    options = {
        "source": {"made": TRACER, "files": {"class_path": "folder", "init_args": {"folder": "x"}}},
        "weights": {"made": 3, "files": 1},
        "ratio": {"class_path": "Piecewise", "init_args": {"points": [["0%", 0.0], ["9ep", 0.4]]}},
        "transform": "tests.helpers.configured.unchanged",
        "transform_p": {"class_path": "Constant", "init_args": {"value": 0.5}},
        "label_map": {0: 1, 1: 0},
        "class_names": {0: "no", 1: "yes"},
        "labels": [0, 1, 1],
        "item": "tests.helpers.configured.unchanged",
        "pool": 9,
    }
    plain, wrapped = tmp_path / "plain.yaml", tmp_path / "wrapped.yaml"
    plain.write_text(yaml.safe_dump(options, sort_keys=False))
    wrapped.write_text(
        yaml.safe_dump({"class_path": "SynthAug", "init_args": options}, sort_keys=False)
    )
    for config in (options, plain, str(wrapped)):
        aug = SynthAug.from_config(config)  # type: ignore[arg-type]
        assert type(aug) is SynthAug
        assert list(aug.source) == ["made", "files"]
        assert aug.source["made"].mark == 2
        assert isinstance(aug.source["files"], sa.FolderGenerator)
        assert aug.schedule.points == [("0%", 0.0), ("9ep", 0.4)]
        assert aug.transform is aug.item is unchanged
        assert aug.transform_p == sa.Constant(0.5)
        assert (aug.label_map, aug.class_names) == ({0: 1, 1: 0}, {0: "no", 1: "yes"})
        assert (aug.labels, aug.pool, aug.weights) == ([0, 1, 1], 9, {"made": 3, "files": 1})


def test_albumentations_by_import_path() -> None:
    flip = {"class_path": "albumentations.HorizontalFlip", "init_args": {"p": 0.25}}
    both = {"class_path": "albumentations.Compose", "init_args": {"transforms": [flip, flip]}}
    aug = SynthAug.from_config({"source": TRACER, "ratio": 0.3, "transform": both})
    assert [one.p for one in aug.transform.transforms] == [0.25, 0.25]


def test_a_ready_made_pipeline_by_import_path() -> None:
    ready = {
        "class_path": "lightning_synthaug.transforms.images",
        "init_args": {"strength": "light"},
    }
    aug = SynthAug.from_config({"source": TRACER, "ratio": 0.3, "transform": ready})
    assert repr(aug.transform) == repr(sa.transforms.images("light"))
    ready["init_args"] = {"strength": "mild"}
    with pytest.raises(ConfigError, match="light"):
        SynthAug.from_config({"source": TRACER, "ratio": 0.3, "transform": ready})


def test_python_objects_count_more_and_may_be_anything() -> None:
    aug = SynthAug.from_config({"source": "nowhere.Thing", "ratio": 0.3}, source=[1, 2, 3], seed=4)
    assert (aug.source, aug.seed) == ([1, 2, 3], 4)
    assert SynthAug.from_config({"source": Tracer(5), "ratio": sa.Linear(0, 1)}).source.mark == 5


def test_a_subclass_by_name_and_by_call() -> None:
    options = {"source": TRACER, "ratio": 0.3}
    assert type(Mine.from_config(options)) is Mine
    assert type(sa.SynthAug.from_config(options)) is sa.SynthAug
    for flavour in ("", "lightning.", "pytorch_lightning."):
        name = f"lightning_synthaug.{flavour}SynthAug"
        assert type(SynthAug.from_config({"class_path": name, "init_args": options})) is SynthAug
    for name in ("lightning_synthaug.Recipe", "SynthAugDataModule", "no.such.SynthAug", 3):
        with pytest.raises(ConfigError, match=r"`class_path` .*must name SynthAug.*SA720"):
            SynthAug.from_config({"class_path": name, "init_args": options})


def test_a_data_module_given_or_named() -> None:
    options = {"source": TRACER, "ratio": 0.3}
    inner = LightningData()
    assert SynthAugDataModule.from_config(options, datamodule=inner).datamodule is inner
    path = "tests.helpers.configured.LightningData"
    named = {"class_path": path, "init_args": {"batch_size": 3}}
    data = SynthAugDataModule.from_config({**options, "datamodule": named})
    assert data.datamodule.batch_size == 3
    with pytest.raises(ConfigError, match=r"`datamodule` in the configuration must be given"):
        SynthAugDataModule.from_config(options)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sede": 3}, r"`sede` in the configuration .*Did you mean 'seed'\?"),
        ({"seed": "often"}, r"`seed` in the configuration must fit `int`, got: .*often"),
        (
            {"fill": "later"},
            r"`fill` .*must fit `Literal\['ahead', 'background', 'off'\]`, got: .*later",
        ),
        ({"ratio": "high"}, r"`ratio` .*must fit `float \| Schedule`, got: .*one of Constant, Cos"),
        ({"ratio": {"class_path": "Lineal"}}, r"`ratio` .*Lineal.*one of Constant, Cosine"),
        ({"ratio": TRACER}, r"`ratio` .*Tracer does not correspond to a subclass of Schedule"),
        ({"ratio": None}, r"`ratio` .*must be given, .*\(float \| Schedule\)"),
        ({"source": 3}, r"`source` .*must be a generator or a dataset, .*got 3"),
        ({"source": {"a": TRACER, "b": 3}}, r"`source\.b` .*must be a generator .*got 3"),
        ({"source": "os.getcwd"}, r"`source` .*must fit `generator \| dataset \| .*os\.getcwd"),
        ({"transform": "tests.helpers.configured.flop"}, r"`transform` .*no attribute 'flop'"),
    ],
)
def test_one_clear_error(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=rf"{says}.*SA720") as caught:
        SynthAug.from_config({"source": TRACER, "ratio": 0.3, **change})
    assert "\n" not in str(caught.value)


def test_an_options_own_error_keeps_its_code() -> None:
    with pytest.raises(ConfigError, match=r"divide by 100: 0\.3\. \[SA101\]"):
        SynthAug.from_config({"source": TRACER, "ratio": 30})
    ramp = {"class_path": "Linear", "init_args": {"start": 0, "end": 30}}
    with pytest.raises(ConfigError, match=r"`end` must be .*\[SA101\]") as caught:
        SynthAug.from_config({"source": TRACER, "ratio": ramp})
    assert caught.value.code == "SA101"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- 1\n- 2\n", "got list"),
        ("", "got NoneType"),
        ("ratio: [", "while parsing"),
        ("x: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
    ],
)
def test_a_file_that_holds_no_options(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "synthaug.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=rf"{says}.*SA721"):
        read_config(file)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"got 'nowhere\.yaml'.*SA721"):
        SynthAug.from_config("nowhere.yaml")


@pytest.mark.parametrize("module", ["yaml", "jsonargparse"])
def test_without_the_libraries_it_says_what_to_install(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "synthaug.yaml"
    file.write_text("source: tests.helpers.traced.Tracer\nratio: 0.3\n")
    monkeypatch.setitem(sys.modules, module, None)
    says = rf'no module \'{module}\'.*pip install "lightning-synthaug\[config\]".*SA722'
    with pytest.raises(MissingDependency, match=says):
        SynthAug.from_config(file)
