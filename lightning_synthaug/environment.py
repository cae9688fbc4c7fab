"""Entry points through which Lightning asks for callbacks at each `Trainer()`: none, unless a variable names a file.

Every trainer in the environment comes through here, also those of projects that know nothing of this package. So
nothing is imported before the variable has been found.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

__all__ = ["VARIABLE", "lightning_callbacks", "pytorch_lightning_callbacks"]

VARIABLE = "LIGHTNING_SYNTHAUG_CONFIG"
"""Environment variable with the path of a YAML file, as `SynthAug.from_config` reads it."""


def lightning_callbacks() -> list[Any]:
    """Answer `lightning.pytorch.callbacks_factory`.

    Returns:
        A callback that reads the file when a fit begins, or nothing.
    """
    return _callbacks("lightning_synthaug.lightning")


def pytorch_lightning_callbacks() -> list[Any]:
    """Answer `pytorch_lightning.callbacks_factory`.

    Returns:
        A callback that reads the file when a fit begins, or nothing.
    """
    return _callbacks("lightning_synthaug.pytorch_lightning")


def _callbacks(flavour: str) -> list[Any]:
    """Make the callback of a flavour where the variable is set."""
    config = os.environ.get(VARIABLE)
    return [import_module(flavour).SynthAugFromFile(config)] if config else []
