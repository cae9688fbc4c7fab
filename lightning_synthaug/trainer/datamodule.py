"""The drop-in DataModule, without its Lightning base class: two flavours add one each."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing import IndexedFeed, Recipe, Source, StreamFeed
from lightning_synthaug.plan import Schedule
from lightning_synthaug.trainer.callback import SynthAugCore
from lightning_synthaug.trainer.configuration import Configurable
from lightning_synthaug.trainer.flavour import refuse_foreign

__all__ = ["InstalledCore", "SynthAugDataModuleCore"]

#: What the inner DataModule defines is its own; a trainer asks which hooks are overridden.
_FORWARDED = (
    "prepare_data",
    "train_dataloader",
    "val_dataloader",
    "test_dataloader",
    "predict_dataloader",
    "transfer_batch_to_device",
    "on_before_batch_transfer",
    "on_after_batch_transfer",
    "state_dict",
    "load_state_dict",
)
#: What a trainer reads of a DataModule besides hooks.
_COPIED = (
    "prepare_data_per_node",
    "allow_zero_length_dataloader_with_multiple_devices",
    "_log_hyperparams",
)


class InstalledCore(SynthAugCore):
    """The callback that a wrapped DataModule brings along. Checkpoints are those of the inner DataModule."""

    datamodule: Any = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Mix for the DataModule that brought it: Lightning before 2.3 does not let it be taken away after an error."""
        brought_by = trainer.datamodule
        if isinstance(brought_by, SynthAugDataModuleCore) and brought_by.brings(self):
            super().setup(trainer, pl_module, stage)

    def on_save_checkpoint(self, trainer: Any, _: Any, checkpoint: dict[str, Any]) -> None:
        """Keep the inner DataModule's state under its own name, so that it loads without this package."""
        wrapper = type(trainer.datamodule).__qualname__
        if wrapper in checkpoint:
            checkpoint[type(self.datamodule).__qualname__] = checkpoint.pop(wrapper)

    def on_load_checkpoint(self, _: Any, __: Any, checkpoint: dict[str, Any]) -> None:
        """Restore the inner DataModule's state, also from a run without this package."""
        state = checkpoint.get(type(self.datamodule).__qualname__)
        if state is not None:
            self.datamodule.load_state_dict(state)


class SynthAugDataModuleCore(Configurable):
    """Wrap a DataModule so that its train loader is mixed with synthetic samples.

    Validation, test and prediction, every hook that the inner DataModule defines, its hyperparameters and its state
    in checkpoints stay its own. It adds the callback `SynthAug` to the trainer, and takes it away again.

    Args:
        datamodule: The user's DataModule.
        source: A generator, a synthetic dataset, or several by name.
        ratio: Synthetic share of the batches, a number in [0, 1] or a schedule.
        options: Any further option of `Recipe`.

    Raises:
        TrainerError: `datamodule` is no DataModule of the same Lightning package.
        ConfigError: An option is not one of those allowed.
    """

    datamodule: Any
    _base: type
    _callback: type[InstalledCore]
    _trainer: Any = None

    def __init__(
        self, datamodule: Any, source: Source, ratio: float | Schedule, **options: Any
    ) -> None:
        if not isinstance(datamodule, self._base):
            raise TrainerError(
                "SA703",
                f"`datamodule` must be a {self._base.__module__.split('.')[0]} LightningDataModule, got "
                f"{type(datamodule).__module__}.{type(datamodule).__name__}. Pass an instance of one first, then the "
                "source. If it is one, import SynthAugDataModule from lightning_synthaug.lightning or "
                "lightning_synthaug.pytorch_lightning, whichever its package is.",
            )
        if isinstance(datamodule, SynthAugDataModuleCore):
            raise TrainerError(
                "SA704",
                "A train loader must be mixed once, got a DataModule that is mixed already, with "
                f"{list(datamodule._aug.recipe.sources)}. Wrap the one inside, and give it all sources.",
            )
        super().__init__()
        Recipe.refuse_unknown(options)
        recipe = Recipe(source=source, ratio=ratio, **options)
        aug = self._callback(recipe.source, recipe.ratio)
        aug.recipe, aug.datamodule = recipe, datamodule
        own = self.__dict__
        own.update(datamodule=datamodule, _aug=aug)
        own.update({name: getattr(datamodule, name) for name in _COPIED})
        for name in _FORWARDED:
            if name in vars(datamodule) or _defines(type(datamodule), self._base, name):
                own[name] = getattr(datamodule, name)

    def __getattr__(self, name: str) -> Any:
        """Read what only the inner DataModule has, else an option under the name it was given by."""
        own = self.__dict__
        if "_aug" not in own or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        inner = own["datamodule"]
        return getattr(inner if hasattr(inner, name) else own["_aug"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Write what only the inner DataModule has there, where its loaders read it: a batch size, for one."""
        inner = self.__dict__.get("datamodule")
        own = name.startswith("_") or name in self.__dict__ or hasattr(type(self), name)
        if own or inner is None or not hasattr(inner, name):
            super().__setattr__(name, value)
        else:
            setattr(inner, name, value)

    def brings(self, callback: InstalledCore) -> bool:
        """Tell whether a callback is the one that this DataModule adds to a trainer."""
        return self.__dict__["_aug"] is callback

    @property
    def trainer(self) -> Any:
        """The trainer, shared with the inner DataModule."""
        return self._trainer

    @trainer.setter
    def trainer(self, trainer: Any) -> None:
        refuse_foreign(self, trainer)
        self._trainer = trainer
        if "datamodule" in self.__dict__:  # a base class sets it before there is one
            self.datamodule.trainer = trainer

    @property
    def hparams(self) -> Any:
        """The inner DataModule's hyperparameters."""
        return self.datamodule.hparams

    @property
    def hparams_initial(self) -> Any:
        """The inner DataModule's hyperparameters as they were."""
        return self.datamodule.hparams_initial

    @property
    def _hparams_name(self) -> Any:
        """Name of the inner DataModule's argument that holds them."""
        return self.datamodule._hparams_name

    @property
    def feed(self) -> IndexedFeed | StreamFeed | None:
        """The main process's half of the loader, while a fit runs."""
        aug: SynthAugCore = self.__dict__["_aug"]
        return aug.feed

    def setup(self, stage: str) -> None:
        """Set the inner DataModule up, and add the callback, which the trainer then sets up itself."""
        self.datamodule.setup(stage)
        aug, callbacks = self.__dict__["_aug"], getattr(self._trainer, "callbacks", None)
        if stage != "predict" and callbacks is not None and aug not in callbacks:
            # First: those that save checkpoints must stay the last ones.
            callbacks.insert(0, aug)

    def teardown(self, stage: str) -> None:
        """End the fit and take the callback away, then let the inner DataModule tear down."""
        self._remove()
        self.datamodule.teardown(stage)

    def on_exception(self, exception: BaseException) -> None:
        """End the fit and take the callback away, then tell the inner DataModule."""
        self._remove()
        handler = getattr(self.datamodule, "on_exception", None)  # since Lightning 2.3
        if handler is not None:
            handler(exception)

    def _remove(self) -> None:
        """Take the callback away."""
        aug, callbacks = self.__dict__["_aug"], getattr(self._trainer, "callbacks", None) or []
        aug.teardown(self._trainer, None, "fit")
        if aug in callbacks:
            callbacks.remove(aug)


def _defines(kind: type, base: type, name: str) -> bool:
    """Tell whether a class overrides a hook of its base."""
    return getattr(kind, name, None) is not getattr(base, name, None)
