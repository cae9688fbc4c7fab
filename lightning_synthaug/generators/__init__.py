"""Generators: what makes synthetic samples, the requests they answer, and how they are found by name."""

from __future__ import annotations

from lightning_synthaug.generators.base import Generator
from lightning_synthaug.generators.checking import check_batch, check_generator, checked_count
from lightning_synthaug.generators.fitted_on import seen_samples
from lightning_synthaug.generators.folder_generator import FolderGenerator
from lightning_synthaug.generators.memory import out_of_memory
from lightning_synthaug.generators.registry import create, register
from lightning_synthaug.generators.request import (
    Conditioning,
    Rejection,
    Request,
    request_seed,
    sample_key,
)
from lightning_synthaug.generators.text import (
    BackTranslation,
    LanguageModelParaphraser,
    LanguageModelWriter,
)
from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = [
    "BackTranslation",
    "Conditioning",
    "FolderGenerator",
    "Generator",
    "LanguageModelParaphraser",
    "LanguageModelWriter",
    "Rejection",
    "Request",
    "TorchGenerator",
    "check_batch",
    "check_generator",
    "checked_count",
    "create",
    "out_of_memory",
    "register",
    "request_seed",
    "sample_key",
    "seen_samples",
]
