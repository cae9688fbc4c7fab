"""A callback that stands for one described in a file, until a fit begins."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.filling import say
from lightning_synthaug.trainer.callback import SynthAugCore

__all__ = ["SynthAugFromFileCore", "leave_alone"]


class SynthAugFromFileCore:
    """Put `SynthAug.from_config(config)` in its own place when a fit begins.

    It has no state: several of them in one trainer, as when one list of callbacks is used for two trainers and an
    entry point adds one each time, do not clash. The first takes effect; none does where the project has a SynthAug
    of its own. Without a fit the file is not even read.

    Args:
        config: Path of a YAML file.
    """

    _callback: type[SynthAugCore]

    def __init__(self, config: str) -> None:
        self.config = config

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Make the callback, once, at the beginning of a fit."""
        callbacks = trainer.callbacks
        if stage != "fit" or any(isinstance(one, SynthAugCore) for one in callbacks):
            return
        callback = self._callback.from_config(self.config)
        callbacks[callbacks.index(self)] = callback
        if trainer.is_global_zero:
            say(f"added to this trainer as {self.config} says")
        # The trainer is past this place in its list already.
        callback.setup(trainer, pl_module, stage)


def leave_alone(trainer: Any) -> None:
    """Take the stand-ins out of a trainer that must train on real data only, whatever the environment says.

    Args:
        trainer: The trainer, just made.
    """
    trainer.callbacks[:] = [
        one for one in trainer.callbacks if not isinstance(one, SynthAugFromFileCore)
    ]
