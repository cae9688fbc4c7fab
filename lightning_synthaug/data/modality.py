"""What kind of data a generator makes or a transform works on."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["MODALITIES", "Modality"]

Modality = Literal["image", "text", "audio", "tabular", "any"]

MODALITIES: tuple[Modality, ...] = get_args(Modality)
"""Every modality, in the order in which they are documented."""
