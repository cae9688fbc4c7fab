"""The distribution: what it offers by name, and that importing it is cheap."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import synthaug_diffusers
import tomllib

import lightning_synthaug as sa
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.registry import GROUP

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def test_each_generator_has_a_name_that_leads_to_it() -> None:
    told = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["entry-points"][GROUP]
    found = {EntryPoint(name, value, GROUP).load() for name, value in told.items()}
    names = [getattr(synthaug_diffusers, name) for name in synthaug_diffusers.__all__]
    assert found == {one for one in names if isinstance(one, type) and issubclass(one, Generator)}


def test_making_a_generator_loads_neither_torch_nor_diffusers() -> None:
    code = (
        "import sys, synthaug_diffusers as d\n"
        "d.DiffusersImageToImage('pipeline', prompt='a scan')\n"
        "print({'torch', 'diffusers', 'transformers', 'PIL'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "set()\n", done.stderr


def test_a_configuration_names_it_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "synthaug.yaml").write_text(
        """
ratio: 0.3
source:
  class_path: synthaug_diffusers.DiffusersImageToImage
  init_args:
    model: pipelines/sd
    prompt: a {light} {label}
    class_names: [cat, dog]
    attributes: {light: [dim, bright]}
    strength: [0.3, 0.5]
    resolution: [512, 768]
"""
    )
    made = sa.SynthAug.from_config(tmp_path / "synthaug.yaml").source
    assert isinstance(made, synthaug_diffusers.DiffusersImageToImage)
    by_hand = synthaug_diffusers.DiffusersImageToImage(
        "pipelines/sd",
        prompt="a {light} {label}",
        class_names=["cat", "dog"],
        attributes={"light": ["dim", "bright"]},
        strength=(0.3, 0.5),
        resolution=(512, 768),
    )
    assert made.settings() == by_hand.settings()
