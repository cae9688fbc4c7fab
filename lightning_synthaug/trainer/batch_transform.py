"""Augmentation of whole batches where they are trained on."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.mixing import Recipe, batch_info, images_of

__all__ = ["transform_batch"]


def transform_batch(recipe: Recipe, module: Any, batch: Any) -> None:
    """Put transformed images into a batch, in place of its own.

    Args:
        recipe: What is mixed; nothing is done where it has no `batch_transform`.
        module: The LightningModule.
        batch: What its training step will get; on its device by now.

    Raises:
        ConfigError: The batch has no images, or more that has to move with them (SA612).
    """
    function, target = recipe.batch_transform, recipe.target
    if function is None:
        return
    path = target if isinstance(target, (list, tuple)) else [target]
    for key in path if target is not None else ():
        batch = batch[key]
    images = images_of(batch)
    # Lightning takes no other batch from a callback: the tensor that it holds stays, and gets other values.
    images.data = batch_info(module).transform(function, images, on=recipe.transform_on)
