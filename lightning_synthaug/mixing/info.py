"""What the batch being trained on is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.feed import Feed, Served
from lightning_synthaug.mixing.loader import MixedLoader, PlanBatchSampler
from lightning_synthaug.plan import REAL

__all__ = ["BatchInfo", "batch_info"]


@final
class BatchInfo:
    """The make-up of one batch. The batch itself is unchanged.

    Args:
        served: What was planned and served.
        feed: The main process's half of the loader that delivered it.

    Attributes:
        number: Batches of the run before this one.
        is_synthetic: Which rows are synthetic. Bool tensor of shape `(n,)`.
        source: Name of each row's source, `"real"` for real ones; length n.
        weight: Weight of each row in `weighted_mean`. Float tensor of shape `(n,)`.
        rows: Global position of each row in the run's stream. Int64 tensor of shape `(n,)`.
    """

    def __init__(self, served: Served, feed: Feed) -> None:
        recipe = feed.mixture.recipe
        self._feed = feed
        self.number = served.number
        self.is_synthetic = torch.from_numpy(served.served != REAL)
        labels = ["real", *recipe.sources]
        self.source = [labels[s] for s in served.served.tolist()]
        self.weight = torch.where(self.is_synthetic, recipe.loss_weight, 1.0)
        self.rows = torch.from_numpy(served.slots)

    def provenance(self, row: int) -> dict[str, Any] | None:
        """Tell what made one row.

        Args:
            row: Row of the batch, in [0, n).

        Returns:
            What the cache keeps of a generated sample: generator, fingerprint, licence, source, settings, and the
            label, number and seed that were asked for. None for a real row, and for an item of a synthetic dataset.
        """
        return self._feed.provenance(self.number, row)

    def weighted_mean(self, loss: torch.Tensor) -> torch.Tensor:
        """Average per-sample losses with each row's weight.

        Args:
            loss: Losses, shape `(n,)` or `(n, ...)`; further dimensions are averaged first.

        Returns:
            A scalar that keeps the graph.

        Raises:
            ConfigError: The number of rows is another than the batch's.
        """
        if loss.ndim == 0 or loss.shape[0] != self.weight.shape[0]:
            raise ConfigError(
                "SA604",
                f"`loss` must have one row for each of the batch's {self.weight.shape[0]}, got shape "
                f"{tuple(loss.shape)}. "
                'Compute it with reduction="none".',
            )
        weight = self.weight.to(loss)
        rows = loss.flatten(1).mean(1) if loss.ndim > 1 else loss
        # A batch of which no row counts has no loss, and no 0 / 0 either.
        return rows.mul(weight).sum() / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)


def batch_info(owner: Any) -> BatchInfo:
    """Tell what the batch being trained on is made of.

    Args:
        owner: The LightningModule inside `training_step`, a trainer, or the mixed loader in a plain loop.

    Returns:
        The make-up of the batch.

    Raises:
        ConfigError: No mixed loader can be found, or no batch was delivered yet.
    """
    for feed in _feeds(owner):
        served = feed.served()
        if served is not None:
            return BatchInfo(served, feed)
    raise ConfigError(
        "SA605",
        f"`batch_info` must be called while a mixed batch is being trained on, got {type(owner).__name__}. Call it in "
        "training_step of a model that is trained with SynthAug, or pass the loader that `mix` returned.",
    )


def _feeds(owner: Any) -> Iterator[Feed]:
    """Find the feeds of the mixed loaders that an object leads to."""
    if isinstance(owner, MixedLoader):
        yield owner.feed
        return
    try:
        trainer = getattr(owner, "trainer", owner)
    except RuntimeError:  # a model that no trainer has taken
        return
    loaders = getattr(trainer, "train_dataloader", None)
    if loaders is None:
        return
    if isinstance(loaders, dict):
        loaders = list(loaders.values())
    for loader in (
        loaders if isinstance(loaders, (list, tuple)) else getattr(loaders, "flattened", [loaders])
    ):
        # Not the loader's class: some strategies put a loader of their own around it, with its batch sampler.
        sampler = getattr(loader, "batch_sampler", None)
        if isinstance(sampler, PlanBatchSampler):
            yield sampler.feed
