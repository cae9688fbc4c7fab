"""Generators that other people trained: a module and a YAML file for each, named as the folder of its weights."""

from __future__ import annotations

from pathlib import Path

import yaml

import lightning_synthaug as sa


def load(folder: Path) -> dict[str, sa.TorchGenerator]:
    """Make the generators of a folder of weights; `batch_size` and the like stand in the YAML file, too."""
    text = (Path(__file__).with_name(f"{folder.resolve().name}.yaml")).read_text("utf-8")
    return {
        name: sa.TorchGenerator(folder / arguments.pop("weights"), name=name, **arguments)
        for name, arguments in yaml.safe_load(text).items()
    }
