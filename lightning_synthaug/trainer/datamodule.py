"""The drop-in DataModule, without its Lightning base class: two flavours add one each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightning_synthaug.errors import SynthAugError, TrainerError
from lightning_synthaug.mixing import Feed, MixedLoader, Recipe
from lightning_synthaug.plan import Schedule
from lightning_synthaug.trainer.flavour import refuse_foreign
from lightning_synthaug.trainer.hooks import Refused, hear_exception
from lightning_synthaug.trainer.session import FitSession

__all__ = ["SynthAugDataModuleCore"]

#: Hooks of the inner DataModule that are handed on as they are, where it has them.
_FORWARDED = (
    "prepare_data",
    "setup",
    "val_dataloader",
    "test_dataloader",
    "predict_dataloader",
    "transfer_batch_to_device",
    "on_before_batch_transfer",
    "on_after_batch_transfer",
)


class SynthAugDataModuleCore:
    """Wrap a DataModule so that its train loader is mixed with synthetic samples.

    Validation, test and prediction, and every hook that the inner DataModule defines, stay its own.

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
    _session: FitSession | None
    _trainer: Any = None
    _unhear: Callable[[], None] | None = None

    def __init__(
        self, datamodule: Any, source: Any, ratio: float | Schedule, **options: Any
    ) -> None:
        if not isinstance(datamodule, self._base):
            raise TrainerError(
                "SA703",
                f"`datamodule` must be a {self._base.__module__.split('.')[0]} LightningDataModule, got "
                f"{type(datamodule).__module__}.{type(datamodule).__name__}. Import SynthAugDataModule from "
                "lightning_synthaug.lightning or lightning_synthaug.pytorch_lightning, whichever its package is.",
            )
        self.__dict__["datamodule"] = datamodule
        self.recipe = Recipe(source=source, ratio=ratio, **options)
        self._session = None
        self._saved: dict[str, Any] | None = None
        self._ended: dict[str, Any] = {}
        super().__init__()
        for name in ("prepare_data_per_node", "allow_zero_length_dataloader_with_multiple_devices"):
            setattr(self, name, getattr(datamodule, name))
        for name in _FORWARDED:
            # Set on the instance only where the inner class defines it: a trainer asks which hooks are overridden.
            if getattr(type(datamodule), name, None) is not getattr(self._base, name, None):
                setattr(self, name, getattr(datamodule, name))

    def __getattr__(self, name: str) -> Any:
        """Read what only the inner DataModule has."""
        inner = self.__dict__.get("datamodule")
        if inner is None or name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(inner, name)

    def __getstate__(self) -> dict[str, Any]:
        """Leave a running fit behind: another process makes its own."""
        return {**self.__dict__, "_session": None, "_unhear": None}

    @property
    def trainer(self) -> Any:
        """The trainer, shared with the inner DataModule."""
        return self._trainer

    @trainer.setter
    def trainer(self, trainer: Any) -> None:
        refuse_foreign(self, trainer)
        self._trainer = trainer
        self.datamodule.trainer = trainer

    @property
    def feed(self) -> Feed | None:
        """The main process's half of the loader, while a fit runs."""
        return self._session.feed if self._session is not None else None

    def train_dataloader(self) -> MixedLoader | Refused:
        """Return the inner DataModule's train loader, mixed."""
        inner = self.datamodule.train_dataloader()
        if self._trainer is None:
            raise TrainerError(
                "SA705",
                "The train loader of a SynthAugDataModule must be asked for by a trainer, got no trainer. Outside a "
                "fit, use `datamodule.datamodule.train_dataloader()`, or `lightning_synthaug.mix` on that loader.",
            )
        try:
            if self._session is None or self._session.trainer is not self._trainer:
                module = getattr(self._trainer, "lightning_module", None)
                self._session = FitSession(self.recipe, self._trainer, module, swap=False)
                self._session.saved = self._saved
                if not hasattr(self._base, "on_exception"):  # since Lightning 2.3
                    self._unhear = hear_exception(self._trainer, self._end)
            loader: MixedLoader = self._session.wrap(inner)
        except SynthAugError as error:
            return Refused(error)
        return loader

    def teardown(self, stage: str) -> None:
        """Close what the fit opened, then let the inner DataModule tear down."""
        if stage == "fit":
            self._end()
        self.datamodule.teardown(stage)

    def on_exception(self, exception: BaseException) -> None:
        """Close what the fit opened, then tell the inner DataModule."""
        self._end()
        handler = getattr(self.datamodule, "on_exception", None)  # since Lightning 2.3
        if handler is not None:
            handler(exception)

    def state_dict(self) -> dict[str, Any]:
        """Return the inner state and the fingerprint of the stream, of plain types."""
        own = (
            self._session.state() if self._session is not None else dict(self._saved or self._ended)
        )
        return {"datamodule": self.datamodule.state_dict(), "synthaug": own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the inner state; keep the fingerprint, to be verified when the plan is compiled."""
        self.datamodule.load_state_dict(state_dict.get("datamodule", {}))
        own = state_dict.get("synthaug")
        self._saved = dict(own) if isinstance(own, dict) else None
        if self._session is not None:
            self._session.saved = self._saved

    def _end(self) -> None:
        """Close the running fit, if there is one."""
        session, self._session = self._session, None
        unhear, self._unhear = self._unhear, None
        if unhear is not None:
            unhear()
        if session is not None:
            # What the next fit must match is the checkpoint it starts from, not the fit before it.
            self._ended, self._saved = session.state(), None
            session.close()
