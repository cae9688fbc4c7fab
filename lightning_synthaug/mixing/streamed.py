"""Loaders of batches that cannot be planned by index: rows of the finished batch are replaced in the main process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from torch.utils.data import DataLoader, IterableDataset, RandomSampler, SequentialSampler

from lightning_synthaug.errors import ConfigError, DataError
from lightning_synthaug.mixing.progress import CountedProgress
from lightning_synthaug.mixing.recipe import Recipe
from lightning_synthaug.mixing.replay import refuse_replay
from lightning_synthaug.mixing.shape import told_length
from lightning_synthaug.mixing.streamfeed import StreamFeed

__all__ = [
    "CountedStream",
    "StatefulStream",
    "StreamedLoader",
    "check_stream",
    "is_stream",
    "loader_facts",
    "streamed_loader",
]

#: What a framework would put something else in place of, and a state that not every stream has.
_HIDDEN = ("sampler", "state_dict", "load_state_dict")


class StreamedLoader:
    """The user's loader with synthetic rows in its batches; everything else is asked of it.

    Made by `mix`, the callback or the DataModule.

    Args:
        loader: The user's loader of batches.
        feed: What to put into them.
    """

    def __init__(self, loader: Any, feed: StreamFeed) -> None:
        self.loader = loader
        self.feed = feed

    def __getattr__(self, name: str) -> Any:
        """Read what the user's loader has: its dataset and batch size, for two."""
        if name.startswith("_") or name in _HIDDEN or "loader" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.loader, name)

    def __len__(self) -> int:
        """Return the batches of a pass, where the user's loader tells."""
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over one pass of the user's loader, which begins with the first batch that is asked for.

        Lightning calls `iter` once more, and throws away what it gets, to see whether it can: of anything that is no
        DataLoader. A stream that can be read once would lose what it fetched ahead, and others would count an epoch.
        """
        self.feed.begin()
        try:
            for batch in self.loader:
                yield self.feed.compose(batch)
        finally:
            self.feed.pause()

    def mean_losses(self) -> dict[str, float]:
        """Return the mean loss of each source over the batches since the last call, as `MixedLoader` does."""
        return self.feed.totals.mean_losses()


@final
class StatefulStream(StreamedLoader):
    """A streamed loader over one that has a state, which passes through as it is."""

    def state_dict(self) -> Any:
        """Return the state of the user's loader."""
        return self.loader.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """Give the user's loader its state back.

        Args:
            state: What `state_dict` returned.
        """
        self.loader.load_state_dict(state)


@final
class CountedStream(StreamedLoader):
    """A streamed loader that counts its own batches and rows, where no framework does."""

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the run, with the user's loader's own state where it has one."""
        progress = self._counted()
        self.feed.flush()
        state = {**progress.state_dict(), **self.feed.state()}
        if hasattr(self.loader, "state_dict"):
            state["loader"] = self.loader.state_dict()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a position.

        Args:
            state: What `state_dict` returned.
        """
        self._counted().load_state_dict(state)
        self.feed.course.restore({k: v for k, v in state.items() if k not in ("batches", "loader")})
        if "loader" in state and hasattr(self.loader, "load_state_dict"):
            self.loader.load_state_dict(state["loader"])

    def _counted(self) -> CountedProgress:
        """Return the counter."""
        progress: CountedProgress = self.feed.progress  # type: ignore[assignment]
        return progress


def is_stream(loader: Any) -> bool:
    """Tell whether a loader's batches cannot be planned by the index of its samples.

    Args:
        loader: Any loader.

    Returns:
        True for a DataLoader over an `IterableDataset`, with an `__iter__` of its own, or whose sampler yields whole
        batches, and for any other iterable of batches. torchdata's `StatefulDataLoader` over a map-style dataset is
        planned.
    """
    if isinstance(loader, (list, tuple)) and any(isinstance(part, DataLoader) for part in loader):
        return False  # several loaders
    if not isinstance(loader, DataLoader):
        return hasattr(loader, "__iter__") and not isinstance(loader, (str, bytes, dict))
    if isinstance(loader.dataset, IterableDataset):
        return True
    if loader.batch_size is None and loader.batch_sampler is None:
        # Torch's samplers yield the index of a sample; those of lhotse yield what a finished batch is made of.
        return type(loader.sampler) not in (SequentialSampler, RandomSampler)
    iterate = type(loader).__iter__
    own = iterate is not DataLoader.__iter__
    return own and not iterate.__module__.startswith("torchdata.stateful_dataloader")


def loader_facts(loader: Any) -> dict[str, Any]:
    """Read what a loader of batches tells about itself, as arguments of `StreamFeed`.

    Args:
        loader: The user's loader.

    Returns:
        `length`, `batch_size` and `collate`, each None where it does not tell.
    """
    batches = isinstance(loader, DataLoader) and loader.batch_size is not None
    return {
        "length": told_length(loader),
        "batch_size": loader.batch_size if batches else None,
        "collate": loader.collate_fn if batches else None,
    }


def check_stream(loader: Any, recipe: Recipe, world: int) -> None:
    """Refuse what cannot be done with a stream.

    Args:
        loader: The user's loader.
        recipe: What to mix.
        world: Ranks that share a global batch.

    Raises:
        ConfigError: An option needs real samples that are known beforehand (SA644).
        DataError: Each rank would see the same rows (SA645).
        PlanError: It is to be replayed (SA663).
    """
    refuse_replay(recipe)
    refused = {
        f"extra={recipe.extra}": recipe.extra > 0,
        f"fill={recipe.fill!r}": recipe.fill == "background",
        f"balance={recipe.balance!r}": recipe.balance == "uniform",
        f"transform_on={recipe.transform_on!r}": recipe.transform is not None
        and recipe.transform_on != "synthetic",
        "gates that are fitted": any(g.fitted for n in recipe.sources for g in recipe.gates_of(n)),
        "labels=": recipe.labels is not None and not callable(recipe.labels),
    }
    got = [name for name, is_so in refused.items() if is_so]
    if got:
        raise ConfigError(
            "SA644",
            f"Options for a stream must not need its samples beforehand, got {', '.join(got)} for "
            f"{type(loader).__name__}. Rows of finished batches are replaced: leave `extra` out, make samples with "
            'fill="ahead", give `balance` as weights by label, transform with `transform_on="synthetic"` and in the '
            "stream itself, give `labels` as a function of the batch, and gates numbers in place of real samples.",
        )
    indexed = isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
    if world > 1 and indexed and type(loader.sampler) in (SequentialSampler, RandomSampler):
        raise DataError(
            "SA645",
            f"Each of several ranks must read rows of its own, got {type(loader).__name__} with "
            f"{type(loader.sampler).__name__} on {world} ranks: a loader with an `__iter__` of its own is left as it "
            "is. Give it a `DistributedSampler`.",
        )


def streamed_loader(loader: Any, feed: StreamFeed) -> StreamedLoader:
    """Wrap a loader for a framework that counts batches and keeps the state of loaders.

    Args:
        loader: The user's loader.
        feed: What to put into its batches.

    Returns:
        One with a state if the user's has one.
    """
    stateful = hasattr(loader, "state_dict") and hasattr(loader, "load_state_dict")
    return (StatefulStream if stateful else StreamedLoader)(loader, feed)
