"""Pick the Lightning package that the user's project uses."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lightning_synthaug.errors import MissingDependency, install_hint

__all__ = ["callback_class", "datamodule_class"]

#: Package of the user's project, and the module with our classes for it.
_FLAVOURS = {
    "lightning.pytorch": "lightning_synthaug.lightning",
    "pytorch_lightning": "lightning_synthaug.pytorch_lightning",
}

#: Name in this module of the callback class for both packages.
_BOTH = "SynthAugForBoth"


def callback_class() -> type:
    """Return `SynthAug` for the Lightning package in use; for both at once where both are loaded.

    Returns:
        The callback class.

    Raises:
        MissingDependency: Neither package is installed.
    """
    loaded = [ours for theirs, ours in _FLAVOURS.items() if theirs in sys.modules]
    if len(loaded) < 2:
        cls: type = _flavour(loaded).SynthAug
        return cls
    return _both()


def datamodule_class() -> type:
    """Return `SynthAugDataModule` for the Lightning package in use.

    Returns:
        The class; where both packages are loaded, the one for `lightning`. Import the other one explicitly.

    Raises:
        MissingDependency: Neither package is installed.
    """
    loaded = [ours for theirs, ours in _FLAVOURS.items() if theirs in sys.modules]
    cls: type = _flavour(loaded).SynthAugDataModule
    return cls


def __getattr__(name: str) -> type:
    """Let copies of a callback for both packages, sent to another process, find their class."""
    if name == _BOTH:
        return _both()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _both() -> type:
    """Make the callback class that both packages accept."""
    ours, other = (import_module(name).SynthAug for name in _FLAVOURS.values())
    own = {"__doc__": ours.__doc__, "__module__": __name__, "__qualname__": _BOTH}
    return type("SynthAug", (ours, other), own)


def _flavour(loaded: list[str]) -> Any:
    """Import the module with our classes: of a package already loaded, else of an installed one."""
    if loaded:
        return import_module(loaded[0])
    for theirs, ours in _FLAVOURS.items():
        if find_spec(theirs.split(".", maxsplit=1)[0]) is not None:
            return import_module(ours)
    raise MissingDependency(
        "SA801",
        "SynthAug needs `lightning` or `pytorch-lightning`, got neither installed. Without a trainer, use "
        f"`lightning_synthaug.mix(loader, ...)`. {install_hint('lightning')}",
    )
