"""Classical augmentation: albumentations, audiomentations, nlpaug, torch modules or any function, seeded per sample."""

from __future__ import annotations

from lightning_synthaug.data.transforms.albumentation import AlbumentationsTransform
from lightning_synthaug.data.transforms.base import SampleTransform
from lightning_synthaug.data.transforms.build import build_transform
from lightning_synthaug.data.transforms.functions import FunctionTransform, ModuleTransform
from lightning_synthaug.data.transforms.globals import seeded_globals
from lightning_synthaug.data.transforms.nlpaug import NlpaugTransform
from lightning_synthaug.data.transforms.sound_library import SoundLibraryTransform

__all__ = [
    "AlbumentationsTransform",
    "FunctionTransform",
    "ModuleTransform",
    "NlpaugTransform",
    "SampleTransform",
    "SoundLibraryTransform",
    "build_transform",
    "seeded_globals",
]
