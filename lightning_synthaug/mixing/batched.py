"""Loaders with a batch sampler of the user's own: which those are, and what cannot be done with them."""

from __future__ import annotations

from typing import Any

from torch.utils.data import DataLoader, IterableDataset

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Generator
from lightning_synthaug.mixing.batchorders import BatchOrder
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.replay import refuse_replay

__all__ = ["batch_order", "check_batches"]


def batch_order(loader: Any) -> BatchOrder | None:
    """Read the batches of a loader that batches by a batch sampler of the user's own.

    Args:
        loader: Any loader.

    Returns:
        Its batches; None for a loader that batches in another way.

    Raises:
        DataError: The sampler divides its batches among ranks by itself (SA650).
    """
    if not isinstance(loader, DataLoader) or isinstance(loader.dataset, IterableDataset):
        return None
    if loader.batch_size is not None or loader.batch_sampler is None:
        return None
    data: Any = loader.dataset
    return BatchOrder(loader.batch_sampler, len(data))


def check_batches(loader: Any, recipe: Recipe) -> None:
    """Refuse what needs another sample in a slot than the one that its batch was made with.

    Args:
        loader: The user's loader.
        recipe: What to mix.

    Raises:
        ConfigError: An option does (SA651).
        PlanError: It is to be replayed (SA663).
    """
    refuse_replay(recipe)
    samples = len(loader.dataset)
    twins = any(
        isinstance(source, Generator) and source.conditioning == "twin"
        for source in recipe.sources.values()
    )
    refused = {
        f"extra={recipe.extra}": recipe.extra > 0,
        f"balance={recipe.balance!r}": recipe.balance != "proportional",
        f"pool={recipe.pool}": twins and recipe.pool is not None and recipe.pool < samples,
    }
    got = [name for name, is_so in refused.items() if is_so]
    if got:
        raise ConfigError(
            "SA651",
            "Options for a loader with a batch sampler must leave each slot to the sample that its batch was made "
            f"with, got {', '.join(got)} for {samples} samples and {type(loader.batch_sampler).__name__}: another "
            'sample need not fit the batch. Leave `extra` out, leave `balance` at "proportional", and let the '
            "batch sampler balance; a twin-conditioned generator needs a `pool` of one sample at least for each real "
            "one.",
        )
