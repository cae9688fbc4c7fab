"""The configuration of the study: committed before its results."""

from __future__ import annotations

from typing import Any

import lightning_synthaug as sa

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
RATE, SECONDS = 8000, 1.0
SHOTS = (5, 1, 20, 3)
SEEDS = 8
STEPS, BATCH, RATE_OF_LEARNING = 300, 32, 2e-3
POOL = 600
RAMP = sa.Linear(0.8, 0.3, over="100%")
#: For each arm: which speech, its share, and whether sounds are transformed.
ARMS: dict[str, tuple[tuple[str, ...], Any, bool]] = {
    "real": ((), 0.0, False),
    "classical": ((), 0.0, True),
    "piper only": (("piper",), 1.0, False),
    "espeak only": (("espeak",), 1.0, False),
    "both only": (("piper", "espeak"), 1.0, False),
    "mix with ramp": (("piper", "espeak"), RAMP, True),
}
