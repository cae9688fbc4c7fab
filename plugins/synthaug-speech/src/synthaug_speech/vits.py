"""VITS models of the transformers library: MMS in a thousand languages, and many others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.generators.digest import file_digest
from synthaug_speech.base import Prosody, SpeechGenerator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["VitsSpeech"]


@final
class VitsSpeech(SpeechGenerator):
    """Speak with a VITS model of transformers.

    Args:
        texts: See `SpeechGenerator`, as for the other arguments.
        model: Folder of the model, or its name on the hub.
        revision: Commit of a model of the hub: another one is another voice.
        noise: Smallest and largest variation of the sound. >= 0.
        noise_width: Smallest and largest variation of lengths. >= 0.
        voices: How many of the model's speakers take turns; a model of one speaker has one. >= 1.
    """

    libraries = ("transformers",)

    def __init__(
        self,
        texts: Sequence[str | Sequence[str]],
        *,
        model: str,
        revision: str | None = None,
        noise: tuple[float, float] = (0.3, 0.9),
        noise_width: tuple[float, float] = (0.4, 1.0),
        voices: int = 1,
        template: str = "{}",
        rate: int = 16000,
        seconds: float | None = None,
        speed: tuple[float, float] = (0.85, 1.2),
        loudness: float = -23.0,
        trim: float = 40.0,
        dtype: str = "float32",
    ) -> None:
        super().__init__(
            texts,
            template=template,
            rate=rate,
            seconds=seconds,
            speed=speed,
            loudness=loudness,
            trim=trim,
            dtype=dtype,
        )
        self.model = model
        self.revision = revision
        self.noise = noise
        self.noise_width = noise_width
        self.voices = voices
        self.source = Path(model).name if Path(model).is_absolute() else model
        self._network: Any = None
        self._tokenizer: Any = None

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples."""
        named = {"noise": [*self.noise], "noise_width": [*self.noise_width], "voices": self.voices}
        return {**super().settings(), **named}

    def engine(self) -> dict[str, Any]:
        """Tell the contents of the folder, or name and commit of a model of the hub."""
        folder = Path(self.model)
        if not folder.is_dir():
            return {"hub": self.model, "revision": self.revision}
        return {p.name: file_digest(p) for p in sorted(folder.iterdir()) if p.is_file()}

    def voice_count(self) -> int:
        """Count the speakers that take turns."""
        return self.voices

    def load(self, device: str = "cpu") -> None:
        """Read the model.

        Args:
            device: Torch device.
        """
        super().load(device)
        from transformers import AutoTokenizer, VitsModel

        with seeded_globals(0):  # layers draw weights before they are read
            network: Any = VitsModel.from_pretrained(
                self.model, revision=self.revision or "main", use_safetensors=True
            )
        self._tokenizer = AutoTokenizer.from_pretrained(
            self.model, revision=self.revision or "main"
        )
        self._network = network.to(device).eval()

    def unload(self) -> None:
        """Forget the model."""
        super().unload()
        self._network = self._tokenizer = None

    def speak(self, prosody: Prosody, seed: int) -> tuple[npt.NDArray[Any], int]:
        """Run the model."""
        import torch

        network = self._network
        network.noise_scale = _between(self.noise, prosody.noise)
        network.noise_scale_duration = _between(self.noise_width, prosody.noise_width)
        network.speaking_rate = prosody.speed
        given = self._tokenizer(prosody.text, return_tensors="pt").to(network.device)
        if network.config.num_speakers > 1:
            given["speaker_id"] = prosody.voice
        devices = [network.device] if network.device.type == "cuda" else []
        # The model draws from global states, which are put back.
        with seeded_globals(seed), torch.random.fork_rng(devices=devices), torch.inference_mode():
            torch.manual_seed(seed >> 1)
            waves = network(**given).waveform[0]
        return waves.float().cpu().numpy(), int(network.config.sampling_rate)


def _between(limits: tuple[float, float], share: float) -> float:
    """Go a share of the way between two limits."""
    return limits[0] + (limits[1] - limits[0]) * share
