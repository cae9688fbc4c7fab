"""Pick the Lightning package that the user's project uses."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from lightning_synthaug.errors import MissingDependency, TrainerError, install_hint

__all__ = ["callback_class", "datamodule_class", "refuse_foreign"]

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


def refuse_foreign(face: Any, trainer: Any) -> None:
    """Refuse a callback or DataModule made for the other Lightning package than the trainer's.

    Args:
        face: The callback or DataModule.
        trainer: The trainer.

    Raises:
        TrainerError: The two share no package.
    """
    ours, theirs = _packages(face), _packages(trainer)
    if ours and theirs and not ours & theirs:
        name, (package,) = type(face).__name__, theirs
        raise TrainerError(
            "SA703",
            f"`{name}` and the trainer must come from one Lightning package, got {name} for {', '.join(ours)} and "
            f"{type(trainer).__module__}.{type(trainer).__name__}. Import {name} from lightning_synthaug.{package}.",
        )


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


def _packages(thing: Any) -> set[str]:
    """Return which of the Lightning packages an object's classes come from."""
    tops = {base.__module__.split(".")[0] for base in type(thing).__mro__}
    return tops & {package.split(".")[0] for package in _FLAVOURS}


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
