"""Recordings, as a user's dataset has them."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from spoken.config import RATE, SECONDS

Recordings = dict[tuple[int, str], list[Any]]


def recordings(folder: Path) -> Recordings:
    """Read all recordings by digit and speaker, at the loudness and length of the synthetic ones."""
    from synthaug_speech.finish import Finish

    finish = Finish(rate=RATE, seconds=None, loudness=-23.0, trim=40.0, dtype="float32")
    found: Recordings = {}
    for path in sorted(folder.glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        with wave.open(str(path)) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
            made = finish(sound, file.getframerate())
        length = round(RATE * SECONDS)
        made = made[:length]  # a few have a long pause at their end
        left = (length - len(made)) // 2
        made = np.pad(made, (left, length - len(made) - left))
        found.setdefault((int(digit), speaker), []).append(torch.from_numpy(made)[None])
    return found


class LogMel(nn.Module):
    """Turn waves `(1, n)` into logarithms of the energy in 40 bands, `(1, 40, frames)`."""

    def __init__(self, bands: int = 40) -> None:
        super().__init__()
        edges = 700 * (
            10 ** (np.linspace(60, 2595 * np.log10(1 + RATE / 1400), bands + 2) / 2595) - 1
        )
        hertz = np.linspace(0, RATE / 2, 129)[:, None]
        up, down = (
            (hertz - edges[:-2]) / np.diff(edges)[:-1],
            (edges[2:] - hertz) / np.diff(edges)[1:],
        )
        self.bands = torch.from_numpy(np.maximum(np.minimum(up, down), 0).astype(np.float32)).T
        self.window = torch.hann_window(256)

    def forward(self, waves: Tensor) -> Tensor:
        """Compute one spectrogram, of mean 0."""
        power = torch.stft(waves, 256, 128, window=self.window, return_complex=True).abs() ** 2
        levels = torch.log10((self.bands @ power).clamp_min(1e-6))
        return levels - levels.mean()


class Spoken(Dataset[Any]):
    """Recordings with the project's own transform, as a user has them."""

    def __init__(self, items: list[tuple[Tensor, int]]) -> None:
        self.items = items
        self.transform = LogMel()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        waves, label = self.items[index]
        return self.transform(waves), label
