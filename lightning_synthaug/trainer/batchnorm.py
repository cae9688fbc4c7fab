"""Bind the split BatchNorm layers of a LightningModule to the fit that trains it."""

from __future__ import annotations

from typing import Any

from torch import nn

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing import HasFeed, row_sources

__all__ = ["bind_batchnorm"]


def bind_batchnorm(model: Any | None, fit: HasFeed) -> None:
    """Tell split layers whom to ask which rows are synthetic.

    Called when the trainer asks for its loader: the strategy has converted the model by then.

    Args:
        model: The LightningModule, if there is one.
        fit: Who knows the batch being trained on.

    Raises:
        TrainerError: Layers that were split have been converted to SyncBatchNorm, which undoes it.
    """
    if not isinstance(model, nn.Module):
        return
    for split, rows in row_sources(model):
        if any(isinstance(layer, nn.SyncBatchNorm) for layer in split.modules()):
            raise TrainerError(
                "SA740",
                f"Split BatchNorm layers must stay as they are, got SyncBatchNorm in {type(split).__name__}: "
                "`Trainer(sync_batchnorm=True)` has replaced them. Leave it out, or use `merge_batchnorm(model)`.",
            )
        rows.bind(fit)
