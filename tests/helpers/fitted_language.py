"""A language model in miniature, fitted for a moment: what it writes is noise, by the rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from lightning_synthaug.fitting import fit_lm, text_report
from tests.helpers.tiny_language import CORPUS, save_causal

TEXTS, LABELS = CORPUS[:24], [4 if place % 2 else 9 for place in range(24)]


def fit_tiny(folder: Path, **more: Any) -> Any:
    """Write a model and fit it; `folder` then has both, `base` and `fitted`."""
    model = save_causal(folder / "base")
    given: dict[str, Any] = {"epochs": 2, "rank": 4, "learning_rate": 1e-2, "held_out": 0.25}
    own: dict[str, Any] = {"class_names": ["four", "nine"], "device": "cpu", "progress": False}
    with patch.object(text_report, "_JUDGED", 8):  # a report is made for nobody here
        out = folder / "fitted"
        return fit_lm(TEXTS, LABELS, model=model, out=out, **{**given, **own, **more})
