"""Gates: what decides whether a sample is worth training on."""

from __future__ import annotations

from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.clip_score import ClipScore
from lightning_synthaug.generators.gates.fidelity_band import FidelityBand
from lightning_synthaug.generators.gates.intelligibility import Intelligibility
from lightning_synthaug.generators.gates.label_consistency import LabelConsistency
from lightning_synthaug.generators.gates.length_ratio import LengthRatio
from lightning_synthaug.generators.gates.meaning import Meaning
from lightning_synthaug.generators.gates.near_duplicate import NearDuplicate
from lightning_synthaug.generators.gates.real import RealSamples
from lightning_synthaug.generators.gates.registry import create, register
from lightning_synthaug.generators.gates.repetition import Repetition
from lightning_synthaug.generators.gates.reward import RewardScore
from lightning_synthaug.generators.gates.score import ScoreGate
from lightning_synthaug.generators.gates.valid_audio import ValidAudio
from lightning_synthaug.generators.gates.valid_image import ValidImage
from lightning_synthaug.generators.gates.valid_table import ValidTable
from lightning_synthaug.generators.gates.valid_text import ValidText

__all__ = [
    "ClipScore",
    "FidelityBand",
    "Gate",
    "Intelligibility",
    "LabelConsistency",
    "LengthRatio",
    "Meaning",
    "NearDuplicate",
    "RealSamples",
    "Repetition",
    "RewardScore",
    "ScoreGate",
    "ValidAudio",
    "ValidImage",
    "ValidTable",
    "ValidText",
    "create",
    "register",
]
