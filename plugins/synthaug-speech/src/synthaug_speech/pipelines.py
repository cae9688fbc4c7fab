"""Text-to-speech pipelines of the transformers library: VITS (MMS, in a thousand languages), SpeechT5, Bark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.generators.digest import file_digest
from synthaug_speech.base import Prosody, SpeechGenerator, between

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["TransformersSpeech"]


@final
@dataclass(eq=False, repr=False, kw_only=True)
class TransformersSpeech(SpeechGenerator):
    """Speak with a text-to-speech pipeline of transformers.

    Speed and noise are those of VITS models; others speak as they do. Weights are read from safetensors alone.

    Args:
        texts: See `SpeechGenerator`, as for the other arguments.
        model: Folder of the model, or its name on the hub.
        revision: Commit of a model of the hub: another one is another voice.
        vocoder: Folder or name of the SpeechT5HifiGan that makes sound of what SpeechT5 returns, or None.
        voices: How many of the model's numbered speakers take turns (VITS); a `.npy` file with a vector for each
            speaker, shape `(n, d)` (SpeechT5); or names of presets (Bark).
        noise: Smallest and largest variation of the sound. >= 0.
        noise_width: Smallest and largest variation of lengths. >= 0.
    """

    model: str
    revision: str | None = None
    vocoder: str | None = None
    voices: int | str | Sequence[str] = 1
    noise: tuple[float, float] = (0.3, 0.9)
    noise_width: tuple[float, float] = (0.4, 1.0)

    libraries = ("transformers",)

    def __post_init__(self) -> None:
        """Check the settings; no file is opened yet."""
        super().__post_init__()
        self.source = Path(self.model).name if Path(self.model).is_absolute() else self.model
        self._pipeline: Any = None

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples."""
        named = {"noise": [*self.noise], "noise_width": [*self.noise_width]}
        return {**super().settings(), **named}

    def engine(self) -> dict[str, Any]:
        """Tell the contents of folders and files, or names and commit of what is on the hub."""
        voices = self.voices
        told = {"model": _contents(self.model), "revision": self.revision}
        told["vocoder"] = None if self.vocoder is None else _contents(self.vocoder)
        if isinstance(voices, str):
            told["voices"] = file_digest(voices)
        else:
            told["voices"] = voices if isinstance(voices, int) else [*voices]
        return told

    def voice_count(self) -> int:
        """Count the speakers that take turns."""
        if isinstance(self.voices, int):
            return self.voices
        return len(self._vectors()) if isinstance(self.voices, str) else len(self.voices)

    def load(self, device: str = "cpu") -> None:
        """Read the model.

        Args:
            device: Torch device.
        """
        super().load(device)
        import transformers

        make: Any = transformers.pipeline  # the types of its hundred tasks say nothing of this one
        more: dict[str, Any] = {}
        with seeded_globals(0):  # layers draw weights before they are read
            if self.vocoder is not None:
                more["vocoder"] = transformers.SpeechT5HifiGan.from_pretrained(
                    self.vocoder, use_safetensors=True
                )
            self._pipeline = make(
                "text-to-speech",
                model=self.model,
                revision=self.revision,
                device=device,
                model_kwargs={"use_safetensors": True},
                **more,
            )

    def unload(self) -> None:
        """Forget the model."""
        super().unload()
        self._pipeline = None

    def speak(self, prosody: Prosody, seed: int) -> tuple[npt.NDArray[Any], int]:
        """Run the pipeline."""
        import torch

        network = self._pipeline.model
        if network.config.model_type == "vits":
            network.noise_scale = between(self.noise, prosody.noise)
            network.noise_scale_duration = between(self.noise_width, prosody.noise_width)
            network.speaking_rate = prosody.speed
        devices = [network.device] if network.device.type == "cuda" else []
        # The model draws from global states, which are put back.
        with seeded_globals(seed), torch.random.fork_rng(devices=devices), torch.inference_mode():
            torch.manual_seed(seed >> 1)
            made = self._pipeline(prosody.text, **self._by(prosody.voice))
        return np.asarray(made["audio"], np.float32).ravel(), int(made["sampling_rate"])

    def _by(self, voice: int) -> dict[str, Any]:
        """Name a speaker as its model wants it."""
        if isinstance(self.voices, int):
            return {"forward_params": {"speaker_id": voice}} if self.voices > 1 else {}
        if not isinstance(self.voices, str):
            return {"preprocess_params": {"voice_preset": self.voices[voice]}}
        import torch

        return {
            "forward_params": {
                "speaker_embeddings": torch.from_numpy(self._vectors()[voice : voice + 1])
            }
        }

    def _vectors(self) -> npt.NDArray[np.float32]:
        """Read the vectors of speakers."""
        return np.asarray(np.load(str(self.voices), allow_pickle=False), np.float32)


def _contents(model: str) -> Any:
    """Tell what is in the folder of a model, or its name on the hub."""
    folder = Path(model)
    if not folder.is_dir():
        return model
    return {p.name: file_digest(p) for p in sorted(folder.iterdir()) if p.is_file()}
