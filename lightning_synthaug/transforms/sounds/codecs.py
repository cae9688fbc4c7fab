"""What recording and sending do to a sound: clipping and coding."""

from __future__ import annotations

import io
from typing import Final, Literal, final

import numpy as np

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within
from lightning_synthaug.transforms.sounds.files import soundfile
from lightning_synthaug.transforms.sounds.spectrum import fitted

__all__ = ["Clipping", "Codec"]

#: Name of the format and of its coding in soundfile.
_CODED: Final = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS")}
_MU: Final = 255.0


@final
class Clipping(SoundTransform):
    """Cut off the loudest part of a sound, as a microphone does that is too near.

    Args:
        share: Share of the samples that is cut off. Fraction in [0, 1].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).
    """

    def __init__(self, *, share: Range = (0.0, 0.1), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.share = within("share", share, 0.0, 1.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Clip a sound."""
        del rate
        limit = np.quantile(np.abs(sound), 1 - drawn(self.share, rng))
        return np.clip(sound, -limit, limit).astype(np.float32)


@final
class Codec(SoundTransform):
    """Code a sound and decode it again: what is lost on the way is lost.

    Args:
        coding: `"mu-law"`, the 8 bits of telephones; `"mp3"` or `"vorbis"`, where soundfile is built with them.
        quality: Of `"mp3"` and `"vorbis"`: 0 is the poorest, 1 the best.
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: There is no such coding, or a range is none (SA215).

    Source:
        mu-law: ITU-T G.711, in its continuous form.
    """

    def __init__(
        self,
        coding: Literal["mu-law", "mp3", "vorbis"] = "mu-law",
        *,
        quality: Range = (0.0, 0.5),
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        if coding != "mu-law" and coding not in _CODED:
            msg = f"`coding` must be one of {('mu-law', *_CODED)}, got {coding!r}. Choose one of these."
            raise ConfigError("SA215", msg)
        self.coding = coding
        self.quality = within("quality", quality, 0.0, 1.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Code and decode a sound."""
        if self.coding == "mu-law":
            return _mu_law(sound)
        kind, subtype = _CODED[self.coding]
        loss = 0.99 * (1 - drawn(self.quality, rng))  # at 1 the coder of MP3 refuses
        peak = max(1.0, float(np.abs(sound).max()))  # what is louder than 1 would be clipped
        library, buffer = soundfile(), io.BytesIO()
        library.write(
            buffer, sound.T / peak, round(rate), subtype, format=kind, compression_level=loss
        )
        buffer.seek(0)
        made, _ = library.read(buffer, dtype="float32", always_2d=True)
        return np.ascontiguousarray(fitted(made.T, sound.shape[-1])) * np.float32(peak)


def _mu_law(sound: Sound) -> Sound:
    """Round the logarithm of a sound to 8 bits."""
    peak = max(1.0, float(np.abs(sound).max()))
    level = np.log1p(_MU * np.abs(sound) / peak) / np.log1p(_MU)
    rounded = np.rint(level * 127) / 127
    made = np.sign(sound) * np.expm1(rounded * np.log1p(_MU)) / _MU * peak
    return np.asarray(made, np.float32)
