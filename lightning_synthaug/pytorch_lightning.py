"""The flavour for `pytorch_lightning`."""

from __future__ import annotations

from pytorch_lightning import Callback, LightningDataModule

from lightning_synthaug.trainer.callback import SynthAugCore
from lightning_synthaug.trainer.datamodule import InstalledCore, SynthAugDataModuleCore

__all__ = ["SynthAug", "SynthAugDataModule"]


class SynthAug(SynthAugCore, Callback):  # noqa: D101 - the core's
    __doc__ = SynthAugCore.__doc__


class _Installed(InstalledCore, SynthAug):
    """The callback that a wrapped DataModule brings along."""


class SynthAugDataModule(SynthAugDataModuleCore, LightningDataModule):  # noqa: D101 - the core's
    __doc__ = SynthAugDataModuleCore.__doc__
    _base = LightningDataModule
    _callback = _Installed
