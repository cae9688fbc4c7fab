"""The Lightning face: callback, DataModule, and the one module that knows Lightning's private names."""

from __future__ import annotations

from lightning_synthaug.trainer.callback import SynthAugCore
from lightning_synthaug.trainer.datamodule import SynthAugDataModuleCore
from lightning_synthaug.trainer.flavour import callback_class, datamodule_class

__all__ = ["SynthAugCore", "SynthAugDataModuleCore", "callback_class", "datamodule_class"]
