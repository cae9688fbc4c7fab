"""Small real samples of each modality, the same ones each time."""

from __future__ import annotations

import itertools

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Gate, RealSamples

RATE = 8000
_WHO = [
    "The old waiter",
    "My sister",
    "Our neighbour",
    "The young doctor",
    "A tired driver",
    "The whole team",
]
_DID = ["brought", "forgot", "praised", "could not find", "was looking for", "has sold", "wanted"]
_WHAT = [
    "the wrong dish",
    "a cheap phone",
    "this lovely film",
    "their last ticket",
    "another cold coffee",
]
_WHEN = ["on Monday", "after the long show", "without a word", "in the end", "for the second time"]


def pictures(count: int, *, side: int = 16, channels: int = 3, seed: int = 0) -> list[Record]:
    """Soft blobs with noise, in two classes: bright on the left or on the right."""
    rng = np.random.default_rng(seed)
    place = np.linspace(0, 1, side)
    records = []
    for number in range(count):
        label = number % 2
        light = np.exp(-8 * (place - (0.25 + 0.5 * label)) ** 2) * rng.uniform(90, 150)
        image = 40 + light[None, :, None] + rng.normal(0, 8, (side, side, channels))
        records.append(Record({"image": np.clip(image, 0, 255).astype(np.uint8), "label": label}))
    return records


def sentences(count: int) -> list[Record]:
    """English sentences, all different; the label is even or odd."""
    parts = list(itertools.product(_WHO, _DID, _WHAT, _WHEN))
    chosen = [parts[(number * 389) % len(parts)] for number in range(count)]
    return [Record({"text": " ".join(p) + ".", "label": i % 2}) for i, p in enumerate(chosen)]


def sounds(count: int, *, seed: int = 0) -> list[Record]:
    """Tones that swell and fade, in two classes: rising and falling."""
    rng = np.random.default_rng(seed)
    records = []
    for number in range(count):
        label = number % 2
        time = np.arange(int(RATE * rng.uniform(0.3, 0.6))) / RATE
        pitch = rng.uniform(300, 400) * (1 + (1 - 2 * label) * time)
        tone = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.sin(np.pi * time / time[-1])
        sound = tone * rng.uniform(0.2, 0.8) + rng.normal(0, 0.002, time.size)
        records.append(Record({"audio": sound.astype(np.float32), "rate": RATE, "label": label}))
    return records


def rows(count: int, *, seed: int = 0) -> list[Record]:
    """Rows of a table: a whole number, a number, a word, and a number with gaps."""
    rng = np.random.default_rng(seed)
    return [
        Record(
            {
                "age": int(rng.integers(20, 70)),
                "size": float(rng.normal(170, 9)),
                "town": str(rng.choice(["Ulm", "Bern", "Linz"])),
                "pulse": float("nan") if number % 10 == 3 else float(rng.normal(70, 5)),
                "label": number % 2,
            }
        )
        for number in range(count)
    ]


def reasons(gate: Gate, real: list[Record], *samples: Record) -> list[str]:
    """Fit a gate, and list why it refuses samples; empty where it does not."""
    gate.fit(RealSamples.of(real))
    gate.load()
    verdicts = gate.judge([Request(None, 0)] * len(samples), samples)
    assert all(verdict.accepted == (verdict.reason == "") for verdict in verdicts)
    return [verdict.reason for verdict in verdicts]


def share_accepted(gate: Gate, real: list[Record], held_out: list[Record]) -> float:
    """Fit a gate, and say which share of other real samples passes."""
    return reasons(gate, real, *held_out).count("") / len(held_out)
