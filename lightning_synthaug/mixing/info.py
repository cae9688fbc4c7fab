"""What the batch being trained on is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, final

import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.accounts import Served
from lightning_synthaug.mixing.identity import rows_unknown
from lightning_synthaug.mixing.indexedfeed import IndexedFeed
from lightning_synthaug.mixing.ondevice import on_device
from lightning_synthaug.mixing.streamfeed import StreamFeed
from lightning_synthaug.plan import REAL
from lightning_synthaug.plan.seeding import Int64Array, child_seed

__all__ = ["BatchInfo", "batch_info"]


@final
class BatchInfo:
    """The make-up of one batch. The batch itself is unchanged.

    Args:
        served: What was planned and served.
        feed: The main process's half of the loader that delivered it.

    Attributes:
        number: Batches of the run before this one.
        rows: Global position of each row in the run's stream. Int64 tensor of shape `(n,)`. None where the collate
            function mixed rows, so that a row of the batch no longer is one sample.
        rows_unknown: Why `rows` is None; None where it is not.
    """

    def __init__(self, served: Served, feed: IndexedFeed | StreamFeed) -> None:
        self._served = served
        self._feed = feed
        self.number = served.number
        self.rows = None if served.mixed is not None else torch.from_numpy(served.slots)
        self.rows_unknown = served.mixed

    @property
    def is_synthetic(self) -> torch.Tensor:
        """Which rows are synthetic. Bool tensor of shape `(n,)`.

        Raises:
            ConfigError: The collate function mixed rows.
        """
        return torch.from_numpy(self._sources("`is_synthetic`") != REAL)

    @property
    def source(self) -> list[str]:
        """Name of each row's source, `"real"` for real ones; length n.

        Raises:
            ConfigError: The collate function mixed rows.
        """
        labels = ["real", *self._feed.mixture.recipe.sources]
        return [labels[s] for s in self._sources("`source`").tolist()]

    @property
    def weight(self) -> torch.Tensor:
        """Weight of each row in `weighted_mean`. Float tensor of shape `(n,)`.

        Raises:
            ConfigError: The collate function mixed rows.
        """
        synthetic = torch.from_numpy(self._sources("`weight`") != REAL)
        return torch.where(synthetic, self._feed.mixture.recipe.loss_weight, 1.0)

    def provenance(self, row: int) -> dict[str, Any] | None:
        """Tell what made one row.

        Args:
            row: Row of the batch, in [0, n).

        Returns:
            What the cache keeps of a generated sample: generator, fingerprint, licence, source, settings, versions,
            device, and the label, number, seeds and twin that were asked for. None for a real row, and for an item of a
            synthetic dataset.

        Raises:
            ConfigError: The collate function mixed rows.
        """
        self._sources("`provenance`")
        return self._feed.provenance(self.number, row)

    def transform(
        self,
        function: Callable[..., Any],
        *tensors: torch.Tensor,
        on: Literal["both", "real", "synthetic"] = "both",
    ) -> Any:
        """Change the batch at random where it lies, on its device.

        The randomness is a function of the run's seed and the place of the batch in the run: a resumed run, or one with
        other workers, gets the same.

        Args:
            function: A module (of kornia, for example) or function of the tensors, which returns as many.
            tensors: Parts of the batch that belong together, as images and masks. Each of shape `(n, ...)`.
            on: Rows that are changed; for `"real"` and `"synthetic"` the function gets these alone.

        Returns:
            The changed tensor, or a list of as many as were given.

        Raises:
            ConfigError: The function returns something else (SA612), or the collate function mixed rows and `on` asks
                for some of them.
        """
        rows = None
        if on != "both":
            synthetic = self._sources(f"`transform` on {on} rows") != REAL
            rows = torch.from_numpy(synthetic if on == "synthetic" else ~synthetic).nonzero()[:, 0]
        seed = self._feed.mixture.recipe.seed
        place = int(self._served.slots[0])
        made = on_device(function, tensors, rows, child_seed(seed, "batch transform", place))
        return made if len(tensors) > 1 else made[0]

    def weighted_mean(self, loss: torch.Tensor) -> torch.Tensor:
        """Average per-sample losses with each row's weight.

        Each source's own, unweighted mean is kept as well: the callback logs it as `loss/real` and `loss/<source>`, and
        `MixedLoader.mean_losses` returns it.

        Args:
            loss: Losses, shape `(n,)` or `(n, ...)`; further dimensions are averaged first.

        Returns:
            A scalar that keeps the graph.

        Raises:
            ConfigError: The number of rows is another than the batch's, or the collate function mixed rows.
        """
        sources = self._sources("`weighted_mean`")
        if loss.ndim == 0 or loss.shape[0] != sources.size:
            raise ConfigError(
                "SA604",
                f"`loss` must have one row for each of the batch's {sources.size}, got shape {tuple(loss.shape)}. "
                'Compute it with reduction="none".',
            )
        # Not waited for: the weights are read before `to` returns, from memory that is not pinned.
        weight = self.weight.to(loss, non_blocking=True)
        rows = loss.flatten(1).mean(1) if loss.ndim > 1 else loss
        self._feed.totals.losses.add(rows, sources)
        # A batch of which no row counts has no loss, and no 0 / 0 either.
        return rows.mul(weight).sum() / weight.sum().clamp(min=torch.finfo(weight.dtype).tiny)

    def _sources(self, asked: str) -> Int64Array:
        """Return the number of each row's source, if rows still are samples."""
        if self._served.mixed is not None:
            raise rows_unknown(asked, self._served.mixed)
        return self._served.served


def batch_info(owner: Any, batch: Any = None) -> BatchInfo:
    """Tell what the batch being trained on is made of.

    Args:
        owner: The LightningModule inside `training_step`, a trainer (Lightning's or Hugging Face's), or the loader in a
            plain loop, also as Fabric or accelerate wraps it.
        batch: The batch, or some of its tensors. Needed where a framework takes several batches before it trains on
            the first one, which Hugging Face's Trainer does under gradient accumulation; not looked at elsewhere.

    Returns:
        The make-up of the batch.

    Raises:
        ConfigError: No mixed loader can be found, or no batch was delivered yet.
        TrainerError: Which of several batches it is cannot be told (SA635).
    """
    for feed in _feeds(owner):
        served = feed.served(batch)
        if served is not None:
            return BatchInfo(served, feed)
    raise ConfigError(
        "SA605",
        f"`batch_info` must be called while a mixed batch is being trained on, got {type(owner).__name__}. Call it in "
        "training_step of a model that is trained with SynthAug, or pass the loader that `mix` returned.",
    )


def _feeds(owner: Any) -> Iterator[IndexedFeed | StreamFeed]:
    """Find the feeds of the mixed loaders that an object leads to."""
    try:
        trainer = getattr(owner, "trainer", owner)
    except RuntimeError:  # a model that no trainer has taken
        return
    # Hugging Face's Trainer keeps its loader where its callbacks get it from.
    trainer = getattr(trainer, "callback_handler", trainer)
    yield from _feeds_within(getattr(trainer, "train_dataloader", owner))


def _feeds_within(loaders: Any) -> Iterator[IndexedFeed | StreamFeed]:
    """Find the feeds in any tree of loaders."""
    if isinstance(loaders, dict):
        loaders = list(loaders.values())
    if isinstance(loaders, (list, tuple)):
        for loader in loaders:
            yield from _feeds_within(loader)
        return
    # Not the loader's class: frameworks make loaders of their own, of the same dataset or with its batch sampler.
    # Over a stream there is no such dataset, and the loader itself has the feed.
    for owner in (
        getattr(loaders, "dataset", None),
        getattr(loaders, "batch_sampler", None),
        loaders,
    ):
        feed = getattr(owner, "feed", None)
        if isinstance(feed, (IndexedFeed, StreamFeed)):
            yield feed
            return
    if hasattr(loaders, "iterables"):  # a Lightning `CombinedLoader`
        yield from _feeds_within(loaders.iterables)
