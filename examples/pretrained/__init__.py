"""Generators that other people trained: a module and a YAML file for each, named as the folder of its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import lightning_synthaug as sa


def load(folder: Path, **changes: Any) -> dict[str, sa.TorchGenerator]:
    """Make the generators of a folder of weights, by name; `changes` are arguments instead of those in the file."""
    text = Path(__file__).with_name(f"{folder.resolve().name}.yaml").read_text("utf-8")
    generators = {}
    for name, described in yaml.safe_load(text).items():
        arguments = {"name": name, **described, **changes}
        arguments["weights"] = folder / described["weights"]
        generators[name] = sa.TorchGenerator(**arguments)
    return generators
