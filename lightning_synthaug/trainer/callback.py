"""The callback, without its Lightning base class: two flavours add one each."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.filling import say
from lightning_synthaug.mixing import IndexedFeed, Recipe, Source, StreamFeed
from lightning_synthaug.plan import Schedule
from lightning_synthaug.trainer.batch_transform import transform_batch
from lightning_synthaug.trainer.configuration import Configurable
from lightning_synthaug.trainer.flavour import refuse_foreign
from lightning_synthaug.trainer.hooks import log_step, steps_done
from lightning_synthaug.trainer.seen import told_of_seen
from lightning_synthaug.trainer.session import FitSession

__all__ = ["SynthAugCore"]


class SynthAugCore(Configurable):
    """Mix synthetic samples into the train loader of a Lightning run.

    Add it to `Trainer(callbacks=[...])`; nothing else in the project changes: same batch structure, same number of
    steps, same validation and test data. The user's objects are as they were when the fit ends, however it ends.

    Args:
        source: A generator, a synthetic dataset whose items look like the real ones, or several by name.
        ratio: Synthetic share of the batches, a number in [0, 1] or a schedule.
        options: Any further option of `Recipe`.

    Raises:
        ConfigError: An option is not one of those allowed.
    """

    def __init__(self, source: Source, ratio: float | Schedule, **options: Any) -> None:
        Recipe.refuse_unknown(options)
        self.recipe = Recipe(source=source, ratio=ratio, **options)
        self._session: FitSession | None = None
        self._saved: dict[str, Any] | None = None
        self._ended: dict[str, Any] = {}
        self._looked_at: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """Read an option under the name it was given by."""
        recipe = self.__dict__.get("recipe")
        if recipe is None or name.startswith("_") or not hasattr(recipe, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(recipe, name)

    def __getstate__(self) -> dict[str, Any]:
        """Leave a running fit behind, and what Lightning put in of the model: another process makes its own."""
        state = {k: v for k, v in self.__dict__.items() if k not in ("log", "log_dict")}
        return {**state, "_session": None}

    @property
    def feed(self) -> IndexedFeed | StreamFeed | None:
        """The main process's half of the loader, while a fit runs: plan, totals, account of batches."""
        return self._session.feed if self._session is not None else None

    @property
    def state_key(self) -> str:
        """Name under which checkpoints keep this callback's state."""
        return "SynthAug"

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Put the mixing between the trainer and its train loader."""
        if stage != "fit":
            return
        refuse_foreign(self, trainer)
        self._end()
        # A fit restores its own checkpoint after this; what a test or a validation restored is not it.
        self._saved = None
        self._session = FitSession(self.recipe, trainer, pl_module)
        self._session.restore(self._saved)

    def on_train_batch_start(self, _: Any, pl_module: Any, batch: Any, *__: Any) -> None:
        """Transform the images of the batch, which is on its device by now."""
        if self._session is not None:
            transform_batch(self.recipe, pl_module, batch)

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        """Log to every logger of the trainer, as often as the trainer does."""
        step = log_step(trainer)
        if step is not None:
            self._log(trainer, step)

    def on_train_start(self, trainer: Any, _: Any) -> None:
        """Say so before samples are made for the first epoch, where the validation images are known by then."""
        self._tell_of_seen(trainer, trainer.val_dataloaders, "validation")

    def on_validation_start(self, trainer: Any, _: Any) -> None:
        """Say so, once, where a generator was fitted on validation images."""
        self._tell_of_seen(trainer, trainer.val_dataloaders, "validation")

    def on_test_start(self, trainer: Any, _: Any) -> None:
        """Say so, once, where a generator was fitted on test images."""
        self._tell_of_seen(trainer, trainer.test_dataloaders, "test")

    def on_validation_batch_end(self, *_: Any) -> None:
        """Let producers go on."""
        if self._session is not None:
            self._session.listen()

    def on_train_end(self, trainer: Any, _: Any) -> None:
        """Log what the last interval left."""
        self._log(trainer, steps_done(trainer))

    def teardown(self, _: Any, __: Any, stage: str) -> None:
        """Undo everything at the end of a fit."""
        if stage == "fit":
            self._end()

    def on_exception(self, *_: Any) -> None:
        """Undo everything when a fit breaks: `teardown` is not called then."""
        self._end()

    def state_dict(self) -> dict[str, Any]:
        """Return the fingerprint of the stream, of plain types; also right after the fit ended."""
        if self._session is None:
            return dict(self._saved or self._ended)
        self._session.flush()
        return self._session.state()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Keep a checkpoint's fingerprint, to be verified when the plan is compiled."""
        self._saved = dict(state) if isinstance(state, dict) else None
        if self._session is not None:
            self._session.restore(self._saved)

    def _tell_of_seen(self, trainer: Any, loaders: Any, stage: str) -> None:
        """Look at the images of a stage as soon as there are loaders of it, once."""
        if loaders is None or stage in self._looked_at or not trainer.is_global_zero:
            return
        self._looked_at.add(stage)
        text = told_of_seen(self.recipe.sources, loaders, stage)
        if text is not None:
            say(text)

    def _log(self, trainer: Any, step: int) -> None:
        """Send the metrics to the loggers."""
        metrics = self._session.metrics() if self._session is not None and trainer.loggers else {}
        if metrics:
            for logger in trainer.loggers:
                logger.log_metrics(metrics, step=step)

    def _end(self) -> None:
        """Close the running fit, if there is one."""
        session, self._session = self._session, None
        if session is None:
            return
        # What the next fit must match is the checkpoint it starts from, not the fit before it.
        self._ended, self._saved = session.state(), None
        session.close()
