"""Generators by name; what `Registry` says of its methods holds here."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.errors import GeneratorError, GeneratorNotFound
from lightning_synthaug.generators.base import Generator
from lightning_synthaug.generators.named import Registration, Registry

__all__ = [
    "GROUP",
    "REGISTRY",
    "Registration",
    "block",
    "create",
    "get",
    "register",
    "registrations",
    "unregister",
]

GROUP = "lightning_synthaug.generators"
"""Entry-point group of generator plugins."""

REGISTRY: Registry[Generator] = Registry(
    Generator,  # type: ignore[type-abstract]  # it is not made, what derives from it is
    group=GROUP,
    failed=GeneratorError,
    not_found=GeneratorNotFound,
)
"""Every generator that has a name."""

register = REGISTRY.register
unregister = REGISTRY.unregister
block = REGISTRY.block
get = REGISTRY.get
registrations = REGISTRY.registrations


def create(name: str, **arguments: Any) -> Generator:
    """Make a generator by its name: a function of its own, since configurations name it by its path.

    Args:
        name: As registered or as an entry point.
        **arguments: Arguments of its constructor.

    Returns:
        The generator; its constructor is free, so nothing is loaded yet.

    Raises:
        SynthAugError: Nothing has this name, or it is blocked, or the plugin is broken.
        ConfigError: The constructor does not take these arguments.
    """
    return REGISTRY.create(name, **arguments)
