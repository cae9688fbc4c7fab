"""Transforms of sound: pitch, speed, loudness, noise, rooms, filters, codecs, masks."""

from __future__ import annotations

from lightning_synthaug.transforms.sounds.base import Sounds, SoundTransform
from lightning_synthaug.transforms.sounds.codecs import Clipping, Codec
from lightning_synthaug.transforms.sounds.loudness import Gain
from lightning_synthaug.transforms.sounds.masks import FrequencyMask, SpectrogramMask, TimeMask
from lightning_synthaug.transforms.sounds.noise import BackgroundNoise, ColouredNoise
from lightning_synthaug.transforms.sounds.rooms import ImpulseResponse, SimulatedRoom
from lightning_synthaug.transforms.sounds.spectrum import PassFilter
from lightning_synthaug.transforms.sounds.tempo import PitchShift, Speed, TimeStretch

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
]
