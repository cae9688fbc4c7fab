"""Gates: what decides whether a sample is worth training on."""

from __future__ import annotations

from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.fidelity_band import FidelityBand
from lightning_synthaug.generators.gates.label_consistency import LabelConsistency
from lightning_synthaug.generators.gates.near_duplicate import NearDuplicate
from lightning_synthaug.generators.gates.real import RealSamples

__all__ = ["FidelityBand", "Gate", "LabelConsistency", "NearDuplicate", "RealSamples"]
