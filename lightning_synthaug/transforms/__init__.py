"""Ready-made classical augmentation, for `transform=` and for pipelines of the user's own."""

from __future__ import annotations

from lightning_synthaug.transforms.picture import images
from lightning_synthaug.transforms.sound import audio
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
    SimulatedRoom,
    Sounds,
    SoundTransform,
    SpectrogramMask,
    Speed,
    TimeMask,
    TimeStretch,
)
from lightning_synthaug.transforms.wording import text

__all__ = [
    "BackgroundNoise",
    "Clipping",
    "Codec",
    "ColouredNoise",
    "FrequencyMask",
    "Gain",
    "ImpulseResponse",
    "PassFilter",
    "PitchShift",
    "SimulatedRoom",
    "SoundTransform",
    "Sounds",
    "SpectrogramMask",
    "Speed",
    "TimeMask",
    "TimeStretch",
    "audio",
    "images",
    "text",
]
