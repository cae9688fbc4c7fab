"""The train loader of a user's project, found by an import path."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.sources import call_code, reason_of

__all__ = ["read_loader"]


def read_loader(what: str) -> Any:
    """Make the train loader that a run will have.

    Args:
        what: Import path `"module:name"` of a DataLoader, of a LightningDataModule, or of a function or class that
            makes one of them without arguments. Modules in the current folder are found, as with `python -m`.

    Returns:
        The loader.

    Raises:
        DataError: It cannot be imported or made, or is none of these (SA811).
    """
    try:
        made = call_code(what)
        return _of_module(made) if hasattr(made, "train_dataloader") else _checked(what, made)
    except Exception as error:  # the user's own code may raise anything; the cause is kept
        if isinstance(error, DataError) and error.code == "SA811":
            raise
        raise DataError(
            "SA811",
            f'`--loader` must name code that makes a train loader, got "{what}": {reason_of(error)} Correct the path '
            "or the code.",
        ) from error


def _of_module(module: Any) -> Any:
    """Ask a LightningDataModule as a trainer would."""
    module.prepare_data()
    module.setup("fit")
    return _checked(type(module).__name__, module.train_dataloader())


def _checked(what: str, loader: Any) -> Any:
    """Insist on one loader."""
    if hasattr(loader, "dataset") and hasattr(loader, "batch_size"):
        return loader
    raise DataError(
        "SA811",
        f"`--loader` must name a DataLoader or a LightningDataModule with one, got {type(loader).__name__} at "
        f'"{what}". Of several loaders, write a function that returns the one that is mixed.',
    )
