"""A threshold lets the stated share of further samples pass, whatever scores look like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.gates.calibration import auto_threshold, check_threshold, parts


@pytest.mark.parametrize("share", [0.9, 0.97])
def test_further_samples_pass_with_the_stated_probability(share: float) -> None:
    rng = np.random.default_rng(0)
    passed = []
    for _ in range(400):
        scores = rng.standard_cauchy(201)
        passed.append(np.mean(rng.standard_cauchy(1000) >= auto_threshold(scores[:200], share)))
    assert share - 0.005 < np.mean(passed) < share + 0.01


def test_too_few_samples_refuse_nothing() -> None:
    assert auto_threshold(np.arange(10.0), 0.97) == -np.inf
    assert auto_threshold(np.empty(0), 0.97) == -np.inf
    assert auto_threshold(np.arange(33.0), 0.97) == 0.0


def test_parts_share_each_label() -> None:
    labels = np.array([0] * 20 + [1] * 11 + [2] * 3)
    part = parts(labels, 5)
    for label in range(3):
        counts = np.bincount(part[labels == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert len(set(parts(np.arange(5), 5).tolist())) == 5


@pytest.mark.parametrize(
    ("threshold", "share"),
    [
        ("high", 0.9),
        (None, 0.9),
        (np.nan, 0.9),
        (True, 0.9),
        ("auto", 0),
        ("auto", 1),
        ("auto", ""),
    ],
)
def test_what_is_no_threshold_is_refused(threshold: Any, share: Any) -> None:
    with pytest.raises(ConfigError, match="SA452"):
        check_threshold(threshold, share)
    check_threshold("auto", 0.9)
    check_threshold(3, 0.9)
