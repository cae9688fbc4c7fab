"""Louder or softer."""

from __future__ import annotations

from typing import final

import numpy as np

from lightning_synthaug.transforms.sounds.base import Range, Sound, SoundTransform, drawn, within

__all__ = ["Gain"]


@final
class Gain(SoundTransform):
    """Make a sound louder or softer. Floats may exceed 1 then, whole numbers are clipped.

    Args:
        decibels: How much louder. In [-120, 120].
        p: Probability that a sound is changed at all. Fraction in [0, 1].

    Raises:
        ConfigError: A range is none (SA215).
    """

    def __init__(self, *, decibels: Range = (-6.0, 6.0), p: float = 1.0) -> None:
        super().__init__(p=p)
        self.decibels = within("decibels", decibels, -120.0, 120.0)

    def change(self, sound: Sound, rate: float, rng: np.random.Generator) -> Sound:
        """Multiply a sound."""
        del rate
        return sound * np.float32(10 ** (drawn(self.decibels, rng) / 20))
