"""What all generators have in common whose texts somebody is told to write."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from lightning_synthaug.generators.base import Generator

if TYPE_CHECKING:
    from lightning_synthaug.generators.text.prompts import Prompt
    from lightning_synthaug.generators.text.speaker import AbstractSpeaker

__all__ = ["Speaking"]


class Speaking(Generator):
    """Be loaded and unloaded with the speaker; its weights stay behind when the generator goes to another process."""

    _speaker: AbstractSpeaker

    @property
    @abstractmethod
    def told(self) -> Prompt:
        """What the speaker is told, with its places.

        Raises:
            ConfigError: The file is missing, or the places are others (SA481).
        """

    def load(self, device: str = "cpu") -> None:
        """Read the prompt, and get the speaker ready.

        Args:
            device: Torch device.

        Raises:
            GeneratorError: A model cannot be read (SA480), or is another one than was fitted (SA834).
            ConfigError: The prompt cannot be used (SA481).
            MissingDependency: A library is not installed (SA830, SA832).
        """
        assert self.told
        self._speaker.load(device)
        super().load(device)

    def unload(self) -> None:
        """Give back what was taken."""
        self._speaker.unload()
        super().unload()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the device behind."""
        return {**self.__dict__, "_device": None}
