"""The ready-made pipelines, as a data loader runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.errors import ConfigError
from tests.helpers.waves import RATE, sweep, write

STRENGTHS = ("light", "medium", "strong")


def spoken() -> Any:
    """As speech: tones that come and go."""
    times = np.arange(RATE) / RATE
    loudness = np.clip(np.sin(2 * np.pi * 3 * times), 0, None)
    tones = sum(np.sin(2 * np.pi * 130 * k * times) / k for k in range(1, 12))
    return (0.2 * loudness * tones).astype(np.float32)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("shape", [(RATE,), (2, RATE), (RATE, 2), (1, 50)])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_each_kind_of_sound_stays_of_its_kind(
    strength: Any, shape: tuple[int, ...], dtype: type
) -> None:
    sound: Any = np.broadcast_to(spoken()[: max(shape)], shape[::-1] if shape[-1] == 2 else shape)
    sound = np.ascontiguousarray(sound.T if shape[-1] == 2 else sound)
    sound = sound if dtype is np.float32 else (sound * 20000).astype(np.int16)
    transform = build_transform(sa.transforms.audio(strength))
    record = Record({"audio": sound, "rate": RATE, "label": 3})
    made = [transform.apply(record, seed) for seed in range(12)]
    sounds: list[Any] = [one["audio"] for one in made]
    assert {(one.shape, one.dtype) for one in sounds} == {(shape, np.dtype(dtype))}
    assert all(np.isfinite(one).all() for one in sounds)
    assert {(one["rate"], one["label"]) for one in made} == {(RATE, 3)}
    assert len({one.digest() for one in made}) > 6
    assert [transform.apply(record, seed) for seed in range(12)] == made


def test_stronger_changes_more() -> None:
    sound = spoken()
    far = []
    for strength in STRENGTHS:
        pipeline = sa.transforms.audio(strength)  # type: ignore[arg-type]
        made = [pipeline(sound, rate=RATE, rng=np.random.default_rng(seed)) for seed in range(60)]
        spectra = [np.log10(np.abs(np.fft.rfft(one)[:4000]) + 1e-2) for one in [sound, *made]]
        far.append(np.mean([np.abs(one - spectra[0]).mean() for one in spectra[1:]]))
    assert far[0] * 1.2 < far[1] and far[1] * 1.1 < far[2]


class Spoken(torch.utils.data.Dataset[Any]):
    """Items as those of torchaudio's datasets: waveform, rate, label."""

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> Any:
        wave = spoken() * np.float32(0.5 + index / 48)
        return torch.from_numpy(wave)[None], RATE, index % 3


def served(tmp_path: Path, workers: int) -> list[Any]:
    loader = DataLoader(Spoken(), 6, num_workers=workers)
    noise = tmp_path / "noise"
    transform = sa.transforms.audio("strong", noise=noise, impulses=noise)
    mixed = sa.mix(loader, Spoken(), 0.25, transform=transform, seed=3)
    return [waves for waves, _, _ in mixed]


def test_the_same_position_sounds_the_same_with_any_number_of_workers(tmp_path: Path) -> None:
    write(tmp_path / "noise", "a.wav", sweep(2.0, rate=22050), 22050)
    alone = served(tmp_path, 0)
    assert len({one.numpy().tobytes() for batch in alone for one in batch}) == 24
    plain = torch.stack([wave for wave, _, _ in map(Spoken().__getitem__, range(24))])  # type: ignore[attr-defined]
    same = [torch.equal(one, real) for batch in alone for one in batch for real in plain]
    assert (
        sum(same) <= 6 + 2
    )  # a quarter is of the other dataset; all parts of the pipeline have left a few alone
    for workers in (1, 4):
        assert all(torch.equal(a, b) for a, b in zip(alone, served(tmp_path, workers), strict=True))


def test_a_strength_that_there_is_not_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"one of 'light', 'medium', 'strong', got 'mild'.*SA213"):
        sa.transforms.audio("mild")  # type: ignore[arg-type]
