"""One fit with synthetic samples: wraps the train loader, verifies a resume, reports. No Lightning base class."""

from __future__ import annotations

import time
from typing import Any, final

from lightning_synthaug.errors import DataError, TrainerError
from lightning_synthaug.filling import say
from lightning_synthaug.mixing import (
    BatchCourse,
    BatchFeed,
    BatchOrder,
    Course,
    Feed,
    IndexedFeed,
    MixedLoader,
    Mixture,
    Recipe,
    Recorder,
    StreamCourse,
    StreamedLoader,
    StreamFeed,
    Totals,
    batch_order,
    check_batches,
    check_stream,
    first_batches,
    is_stream,
    loader_facts,
    loader_shape,
    mixed_loader,
    replaying,
    streamed_loader,
)
from lightning_synthaug.trainer.batchnorm import bind_batchnorm
from lightning_synthaug.trainer.clock import TrainerProgress
from lightning_synthaug.trainer.hooks import (
    LoaderSwap,
    QuietResume,
    combined_mode,
    refuse_iterator_steps,
)
from lightning_synthaug.trainer.leaf import Leaf
from lightning_synthaug.trainer.recording import fit_recorder
from lightning_synthaug.trainer.trees import is_tree, replaced, select

__all__ = ["FitSession"]


#: Loaders that are kept open besides the one in use: a trainer asks for loaders more often than it uses them.
_KEPT = 4
#: Batches in a pass of a stream that does not tell.
_ENDLESS = 1 << 62


@final
class FitSession:
    """What is alive between a fit's setup and its end.

    Args:
        recipe: What to mix.
        trainer: The trainer.
        module: The LightningModule.
    """

    def __init__(self, recipe: Recipe, trainer: Any, module: Any | None) -> None:
        if module is not None:
            refuse_iterator_steps(module)
        self.recipe = recipe = replaying(recipe)
        self.trainer = trainer
        tell = say if trainer.is_global_zero else None
        self.course = Course(recipe.on_mismatch, tell=tell)
        self.stream = StreamCourse(recipe.on_mismatch, tell=tell)
        self.batches = BatchCourse(recipe.on_mismatch, tell=tell)
        self._feeds: list[IndexedFeed | StreamFeed] = []
        self._totals = Totals(list(recipe.sources))
        self._logged = (0, 0, 0)
        self._recorder: Recorder | None = None
        self._began = time.perf_counter()
        self._swap = LoaderSwap(trainer, self.wrap)
        self._quiet = QuietResume()

    @property
    def feed(self) -> IndexedFeed | StreamFeed | None:
        """The main process's half of the loader in use; before the first batch, of the loader made last."""
        begun = (feed for feed in reversed(self._feeds) if feed.plan is not None)
        return next(begun, self._feeds[-1] if self._feeds else None)

    def wrap(self, loader: Any) -> Any:
        """Return the mixed counterpart of the train loaders; the same feed for the same dataset and shape.

        Args:
            loader: What the user's source returned: a loader, or several in a list, a dict or a `CombinedLoader`.

        Returns:
            The same with one loader mixed.

        Raises:
            ConfigError: It is not clear which of several loaders is meant.
            DataError: The loader cannot be mixed.
            TrainerError: It is mixed already.
        """
        if not is_tree(loader):
            return self._mixed(loader)
        path, _ = select(loader, self.recipe.target)
        mode = combined_mode(loader) or "max_size_cycle"
        return replaced(loader, path, lambda one: self._mixed(one, mode))

    def _mixed(self, loader: Any, mode: str | None = None) -> MixedLoader | StreamedLoader:
        """Mix one loader."""
        if isinstance(loader, (MixedLoader, StreamedLoader)):
            raise TrainerError(
                "SA704",
                "A train loader must be mixed once, got a loader that is mixed already, with "
                f"{list(loader.feed.mixture.recipe.sources)}. Keep one of the callback, the DataModule and `mix`, and "
                "give it all sources.",
            )
        bind_batchnorm(self.trainer.lightning_module, self)
        if is_stream(loader):
            return self._streamed(loader, mode)
        order = batch_order(loader)
        if order is not None:
            return self._batched(loader, order, mode)
        shape = loader_shape(loader)
        rank, world = self._ranks()
        epoch = shape.epoch(world, self.recipe.extra)
        length, batches = epoch.batches, self._overfit(epoch.batches)
        if batches is not None:
            shape = first_batches(shape, loader.dataset, batches * world)
            epoch = shape.epoch(world, self.recipe.extra)
        elif world > 1 and rank == 0 and not shape.shuffle and shape.order is None:
            say(
                f"the train loader does not shuffle, and its order is kept on {world} processes, as on one; Lightning "
                "by itself would shuffle it there: set shuffle=True in the loader if that is what you mean"
            )
        planned = (f for f in self._feeds if isinstance(f, Feed))
        feed = next((f for f in planned if f.serves(loader.dataset, epoch, shape.order)), None)
        if feed is None:
            feed = Feed(
                Mixture(self.recipe, loader.dataset),
                epoch,
                rank=rank,
                leader=self.trainer.local_rank == 0,
                shuffle=shape.shuffle,
                progress=TrainerProgress(
                    self.trainer, None if mode is None else Leaf(mode, epoch.batches)
                ),
                course=self.course,
                order=shape.order,
            )
            feed.length = length
            self._keep(feed)
        return mixed_loader(loader, feed, MixedLoader)

    def _batched(self, loader: Any, order: BatchOrder, mode: str | None) -> MixedLoader:
        """Put synthetic samples into the batches of a user's batch sampler."""
        rank, world = self._ranks()
        check_batches(loader, self.recipe)
        if mode == "max_size":
            raise DataError(
                "SA650",
                "A loader with a batch sampler must give a batch with each of the trainer's, got it in a "
                'CombinedLoader of mode "max_size", where passes of other lengths cannot be told apart. Use '
                '"max_size_cycle" or "min_size".',
            )
        batches = self._overfit(None if order.told is None else order.told // world)
        if batches is not None:
            order = order.of_first(batches * world)
        known = (f for f in self._feeds if isinstance(f, BatchFeed))
        feed = next((f for f in known if f.serves(loader.dataset, order)), None)
        if feed is None:
            feed = BatchFeed(
                Mixture(self.recipe, loader.dataset),
                order,
                rank=rank,
                world=world,
                leader=self.trainer.local_rank == 0,
                progress=TrainerProgress(
                    self.trainer, None if mode is None else Leaf(mode, _ENDLESS)
                ),
                course=self.batches,
            )
            self._keep(feed)
        return mixed_loader(loader, feed, MixedLoader)

    def _overfit(self, length: int | None) -> int | None:
        """Return the batches of one rank that `overfit_batches` keeps; None where it is not in use."""
        limit = self.trainer.overfit_batches
        if not limit:
            return None
        return max(1, int((length or 1) * limit) if isinstance(limit, float) else int(limit))

    def _streamed(self, loader: Any, mode: str | None) -> StreamedLoader:
        """Put synthetic rows into the batches of a loader that cannot be planned by index."""
        rank, world = self._ranks()
        check_stream(loader, self.recipe, world)
        streams = (f for f in self._feeds if isinstance(f, StreamFeed))
        feed = next((f for f in streams if f.loader is loader), None)
        if feed is None:
            facts = loader_facts(loader)
            leaf = None if mode is None else Leaf(mode, facts["length"] or _ENDLESS)
            feed = StreamFeed(
                self.recipe,
                self.stream,
                TrainerProgress(self.trainer, leaf),
                rank=rank,
                world=world,
                leader=self.trainer.local_rank == 0,
                **facts,
            )
            feed.loader = loader
            self._keep(feed)
        return streamed_loader(loader, feed)

    def _keep(self, feed: IndexedFeed | StreamFeed) -> None:
        """Remember a feed, let the others make nothing any more, and close the oldest of too many."""
        in_use = self.feed
        if not self._feeds:
            rank, world = feed.rank, feed.world
            self._recorder = fit_recorder(self.trainer, self.recipe, rank=rank, world=world)
        feed.totals, feed.recorder = self._totals, self._recorder
        for other in self._feeds:
            other.mixture.rest()
        self._feeds.append(feed)
        if len(self._feeds) > _KEPT:
            oldest = next(f for f in self._feeds if f is not in_use)
            self._feeds.remove(oldest)
            oldest.mixture.close()

    def restore(self, state: dict[str, Any] | None) -> None:
        """Go on from a checkpoint's state; verified when the plan is compiled, before the first batch.

        Args:
            state: What `state` returned; None: none.
        """
        self.course.restore(state)
        self.stream.restore(state)
        self.batches.restore(state)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold: plain types, no I/O, no lock (it may run in a signal handler)."""
        feed = self.feed
        return self.course.state() if feed is None else feed.state()

    def flush(self) -> None:
        """Write the ledger up to here; may run in a signal handler."""
        if self._recorder is not None:
            self._recorder.flush()

    def listen(self) -> None:
        """Let producers go on while the trainer validates."""
        if isinstance(self.feed, IndexedFeed):
            self.feed.listen()

    def metrics(self) -> dict[str, float]:
        """Return what is logged, over the batches since the last call.

        Returns:
            Metrics by name; empty before the first batch.
        """
        totals = self._totals
        rows, planned, served = (
            now - then for now, then in zip(self._sums(), self._logged, strict=True)
        )
        if not rows:
            return {}
        self._logged = self._sums()
        return {
            "synthaug/ratio_planned": planned / rows,
            "synthaug/ratio_served": served / rows,
            "synthaug/misses": float(totals.misses),
            "synthaug/starved": float(totals.starved),
            "synthaug/rejected": float(totals.rejected),
            "synthaug/unmakeable": float(totals.unmakeable),
            "synthaug/generated": float(totals.generated),
            "synthaug/fill_s": totals.fill_seconds,
            "synthaug/fill_share": totals.fill_seconds / (time.perf_counter() - self._began),
            **totals.mean_losses(),
        }

    def close(self) -> None:
        """Undo everything: the trainer's source, the open store. Safe to call twice."""
        self._quiet.undo()
        self._swap.undo()
        if self._recorder is not None and self.feed is not None:
            self._recorder.close(self.feed.progress.done())
        for feed in self._feeds:
            feed.mixture.close()

    def _sums(self) -> tuple[int, int, int]:
        """Return the running sums that metrics are differences of."""
        return self._totals.rows, self._totals.planned, self._totals.served

    def _ranks(self) -> tuple[int, int]:
        """Return this process's rank and the number of those that get different data."""
        kwargs = self.trainer.distributed_sampler_kwargs
        return (0, 1) if kwargs is None else (int(kwargs["rank"]), int(kwargs["num_replicas"]))
