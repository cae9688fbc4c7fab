"""Generators of texts: back-translation, and language models that paraphrase and write."""

from __future__ import annotations

from lightning_synthaug.generators.text.back_translation import BackTranslation
from lightning_synthaug.generators.text.fitted_writer import FittedWriter
from lightning_synthaug.generators.text.paraphraser import LanguageModelParaphraser
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.writer import LanguageModelWriter

__all__ = [
    "BackTranslation",
    "FittedWriter",
    "LanguageModelParaphraser",
    "LanguageModelWriter",
    "Sampling",
]
