"""Transforms of audiomentations and torch-audiomentations."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.data.transforms.base import SampleTransform, called, checked_array
from lightning_synthaug.data.transforms.globals import seeded_globals
from lightning_synthaug.errors import DataError
from lightning_synthaug.transforms.sounds.base import as_waves

__all__ = ["SoundLibraryTransform"]


@final
class SoundLibraryTransform(SampleTransform):
    """Call a transform of a library of sound with waves and their rate.

    Waves go in as float32 in [-1, 1], of shape `(n,)` or `(channels, n)`; torch modules get `(1, channels, n)`.
    The global random states, which these libraries draw from, are seeded for the call and restored.

    Args:
        transform: `transform(samples, sample_rate=rate)`.
        p: Probability that a record is transformed at all. Fraction in [0, 1].
    """

    def __init__(self, transform: Callable[..., Any], *, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.transform = transform

    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        """Call the transform with the sound."""
        name = "audio" if "audio" in record else "image"
        value, rate = record.get(name), record.get("rate")
        if not isinstance(value, np.ndarray) or not isinstance(rate, int | float):
            msg = (
                f"A transform with a parameter `sample_rate` needs the fields 'audio' and 'rate', got {record!r} for "
                f"{called(self.transform)}. Pass a function of the array that calls it with the rate of your data."
            )
            raise DataError("SA212", msg)
        waves, back = as_waves(np.array(value))  # a copy: they may write into what they are given
        torch = sys.modules.get("torch")
        with seeded_globals(seed):
            if torch is not None and isinstance(self.transform, torch.nn.Module):
                made = self.transform(torch.from_numpy(waves[None]), sample_rate=int(rate))
                # torch-audiomentations returns a tensor, or an object that holds it.
                made = getattr(made, "samples", made)[0].detach().cpu().numpy()
            else:
                made = self.transform(waves[0] if len(waves) == 1 else waves, sample_rate=int(rate))
        return {name: checked_array(name, back(np.atleast_2d(made)), value, self.transform)}
