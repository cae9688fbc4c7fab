"""Classical augmentation of sounds by strength."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.transforms.sounds import (
    BackgroundNoise,
    Clipping,
    Codec,
    ColouredNoise,
    FrequencyMask,
    Gain,
    ImpulseResponse,
    PassFilter,
    PitchShift,
    Sounds,
    SoundTransform,
    TimeMask,
    TimeStretch,
)

__all__ = ["audio"]

#: For each strength: semitones, tempo, decibels, the smallest distance to noise, and how often it is damaged.
_STRENGTHS: Final = {
    "light": {"pitch": 1.0, "tempo": 0.05, "gain": 4.0, "snr": 20.0, "damage": 0.0},
    "medium": {"pitch": 2.0, "tempo": 0.1, "gain": 6.0, "snr": 12.0, "damage": 0.15},
    "strong": {"pitch": 4.0, "tempo": 0.2, "gain": 10.0, "snr": 5.0, "damage": 0.3},
}


def audio(
    strength: Literal["light", "medium", "strong"] = "medium",
    *,
    rate: float | None = None,
    noise: str | Path | None = None,
    impulses: str | Path | None = None,
) -> Sounds:
    """Make a pipeline that suits most sounds: speech, music, machines.

    It changes pitch, tempo and loudness and adds noise; `"medium"` and `"strong"` also filter, clip and code,
    silence a part and leave out a band. The length stays.

    Args:
        strength: How much a sound changes.
        rate: Sampling rate of sounds whose records do not say theirs, or None. Hertz.
        noise: Folder of recordings that are heard in the background, or None for coloured noise alone.
        impulses: Folder of impulse responses of rooms, or None.

    Returns:
        A pipeline for `transform=`, which can also be called: `pipeline(samples, rate=16000, rng=rng)`.

    Raises:
        ConfigError: `strength` is none of the three (SA213).

    Example:
        >>> len(audio("light").transforms)
        4
    """
    known = _STRENGTHS.get(strength)
    if known is None:
        words = ", ".join(map(repr, _STRENGTHS))
        msg = f"`strength` must be one of {words}, got {strength!r}. Choose one of these."
        raise ConfigError("SA213", msg)
    pitch, tempo, gain, snr, damage = known.values()
    heard: list[SoundTransform] = [
        PitchShift(semitones=(-pitch, pitch), p=0.6),
        TimeStretch(factor=(1 - tempo, 1 + tempo), p=0.4),
    ]
    if impulses is not None:
        heard.append(ImpulseResponse(impulses, p=0.4))
    if damage:
        heard += [
            PassFilter("low", hertz=(1500, 6000), p=damage),
            PassFilter("high", hertz=(60, 500), p=damage),
        ]
    if noise is not None:
        heard.append(BackgroundNoise(noise, snr=(snr, snr + 20), p=0.5))
    heard.append(ColouredNoise(snr=(snr, snr + 20), p=0.3 if noise is not None else 0.5))
    if damage:
        heard += [
            TimeMask(share=(0, damage / 3), p=damage),
            FrequencyMask(octaves=(0, damage), p=damage),
            Clipping(share=(0, damage / 6), p=damage),
            Codec("mu-law", p=damage / 2),
        ]
    return Sounds([*heard, Gain(decibels=(-gain, gain), p=0.8)], rate=rate)
