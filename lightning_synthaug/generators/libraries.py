"""Libraries that only some generators need: imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from lightning_synthaug.errors import MissingDependency, install_hint

__all__ = ["needed_library"]


def needed_library(module: str, purpose: str, extra: str) -> Any:
    """Import a library, or say what it is needed for and how it is installed.

    Args:
        module: Import path.
        purpose: What needs it, as the beginning of a sentence.
        extra: The extra that brings it.

    Returns:
        The module.

    Raises:
        MissingDependency: It is not installed (SA832).

    Example:
        >>> needed_library("math", "Counting", "none").pi > 3
        True
    """
    try:
        return import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        message = f"{purpose} must have the library `{library}`, got {error}. {install_hint(extra)}"
        raise MissingDependency("SA832", message) from error
