"""Generators by name; what `Registry` says of its methods holds here."""

from __future__ import annotations

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
create = REGISTRY.create
registrations = REGISTRY.registrations
