"""One fit with synthetic samples: wraps the train loader, verifies a resume, reports. No Lightning base class."""

from __future__ import annotations

from typing import Any, final

from lightning_synthaug.errors import ResumeMismatch, TrainerError
from lightning_synthaug.mixing import Feed, MixedLoader, Mixture, Recipe, loader_shape, mixed_loader
from lightning_synthaug.plan import Epoch
from lightning_synthaug.trainer.hooks import (
    LoaderSwap,
    QuietResume,
    TrainerProgress,
    check_names,
    refuse_iterator_steps,
)

__all__ = ["FitSession"]


@final
class FitSession:
    """What is alive between a fit's setup and its end.

    Args:
        recipe: What to mix.
        trainer: The trainer.
        module: The LightningModule.
        swap: Whether to put itself between the trainer and its loaders; a DataModule wraps its own.
    """

    def __init__(
        self, recipe: Recipe, trainer: Any, module: Any | None, *, swap: bool = True
    ) -> None:
        check_names(trainer)
        if module is not None:
            refuse_iterator_steps(module)
        self.recipe = recipe
        self.trainer = trainer
        self.feed: Feed | None = None
        self.saved: dict[str, Any] | None = None
        self._verified: dict[str, Any] | None = None
        self._logged = (0, 0, 0)
        self._swap = LoaderSwap(trainer, self.wrap) if swap else None
        self._quiet = QuietResume()

    def wrap(self, loader: Any) -> Any:
        """Return the mixed counterpart of a train loader; the same feed for the same dataset and shape.

        Args:
            loader: What the user's source returned.

        Returns:
            A mixed loader.

        Raises:
            DataError: It is no single DataLoader, or one that cannot be mixed.
            TrainerError: It is mixed already.
        """
        if isinstance(loader, MixedLoader):
            raise TrainerError(
                "SA704",
                "A train loader must be mixed once, got a loader that is mixed already, with "
                f"{list(loader.feed.mixture.recipe.sources)}. Keep one of the callback, the DataModule and `mix`, and "
                "give it all sources.",
            )
        shape = loader_shape(loader)
        rank, world = self._ranks()
        epoch = Epoch(len(loader.dataset), shape.batch_size * world, world, shape.drop_last)
        feed = self.feed
        if feed is None or feed.mixture.dataset is not loader.dataset or feed.epoch != epoch:
            totals = None if feed is None else feed.totals
            if feed is not None:
                feed.mixture.close()
            self.feed = feed = Feed(
                Mixture(self.recipe, loader.dataset),
                epoch,
                rank=rank,
                leader=self.trainer.local_rank == 0,
                shuffle=shape.shuffle,
                progress=TrainerProgress(self.trainer),
                on_plan=self._verify,
            )
            feed.totals = totals or feed.totals
        return mixed_loader(loader, feed, MixedLoader)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold: plain types, no I/O, no lock (it may run in a signal handler)."""
        if self._verified is not None:
            return {"fingerprint": dict(self._verified)}
        return dict(self.saved) if self.saved is not None else {}

    def metrics(self) -> dict[str, float]:
        """Return what is logged, over the batches since the last call.

        Returns:
            Metrics by name; empty before the first batch.
        """
        if self.feed is None:
            return {}
        totals = self.feed.totals
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
            "synthaug/unmakeable": float(totals.unmakeable),
            "synthaug/generated": float(totals.generated),
            "synthaug/fill_s": totals.fill_seconds,
        }

    def close(self) -> None:
        """Undo everything: the trainer's source, the open store. Safe to call twice."""
        self._quiet.undo()
        if self._swap is not None:
            self._swap.undo()
        if self.feed is not None:
            self.feed.mixture.close()

    def _sums(self) -> tuple[int, int, int]:
        """Return the running sums that metrics are differences of."""
        totals = self.feed.totals if self.feed is not None else None
        return (0, 0, 0) if totals is None else (totals.rows, totals.planned, totals.served)

    def _ranks(self) -> tuple[int, int]:
        """Return this process's rank and the number of those that get different data."""
        kwargs = self.trainer.distributed_sampler_kwargs
        return (0, 1) if kwargs is None else (int(kwargs["rank"]), int(kwargs["num_replicas"]))

    def _verify(self, fingerprint: dict[str, Any]) -> None:
        """Compare the plan with the checkpoint's; called when the plan is compiled, before the first batch."""
        saved = (self.saved or {}).get("fingerprint")
        if isinstance(saved, dict) and self._verified is None:
            differing = [k for k in fingerprint if saved.get(k) != fingerprint[k]]
            if differing:
                lines = "\n".join(
                    f"  {k}\n    checkpoint:    {saved.get(k)}\n    configuration: {fingerprint[k]}"
                    for k in differing
                )
                raise ResumeMismatch(
                    "SA116",
                    f"The checkpoint and the configuration must describe the same stream, got differences:\n{lines}\n"
                    "Restore the configuration, or start a new run with ckpt_path=None.",
                )
        self._verified = fingerprint
