"""The flavour for `lightning.pytorch`."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback, LightningDataModule

from lightning_synthaug.mixing import Source
from lightning_synthaug.plan import Schedule
from lightning_synthaug.trainer.callback import SynthAugCore
from lightning_synthaug.trainer.datamodule import InstalledCore, SynthAugDataModuleCore
from lightning_synthaug.trainer.from_file import SynthAugFromFileCore

__all__ = ["SynthAug", "SynthAugDataModule", "SynthAugFromFile"]


class SynthAug(SynthAugCore, Callback):  # noqa: D101 - the core's
    __doc__ = SynthAugCore.__doc__


class _Installed(InstalledCore, SynthAug):
    """The callback that a wrapped DataModule brings along."""


class SynthAugDataModule(SynthAugDataModuleCore, LightningDataModule):  # noqa: D101 - the core's
    __doc__ = SynthAugDataModuleCore.__doc__
    _base = LightningDataModule
    _callback = _Installed

    # The type of `datamodule` is what LightningCLI goes by.
    def __init__(
        self,
        datamodule: LightningDataModule,
        source: Source,
        ratio: float | Schedule,
        **options: Any,
    ) -> None:
        super().__init__(datamodule, source, ratio, **options)


class SynthAugFromFile(SynthAugFromFileCore, Callback):  # noqa: D101 - the core's
    __doc__ = SynthAugFromFileCore.__doc__
    _callback = SynthAug
