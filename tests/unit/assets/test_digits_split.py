from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.assets.digits_split import digits_split
from lightning_synthaug.errors import MissingDependency


def test_parts_are_disjoint_and_together_all_digits() -> None:
    split = digits_split()
    parts = [split.train_pool, split.partner, split.test]
    images = [{image.tobytes() for image in part.images} for part in parts]
    assert [len(part) for part in parts] == [len(pixels) for pixels in images] == [359, 719, 719]
    assert len(set.union(*images)) == 1797


def test_parts_are_stratified() -> None:
    split = digits_split()
    for part, share, least in (
        (split.train_pool, 0.2, 34),
        (split.partner, 0.4, 69),
        (split.test, 0.4, 69),
    ):
        counts = np.bincount(part.labels, minlength=10)
        assert counts.min() >= least
        assert len(part) == pytest.approx(share * 1797, abs=3)


def test_the_split_is_the_same_everywhere() -> None:
    split = digits_split()
    sums = [
        int(part.images.astype(np.int64).sum())
        for part in (split.train_pool, split.partner, split.test)
    ]
    assert sums == [1776299, 3608449, 3569053]


def test_pixels_use_the_whole_range() -> None:
    partner = digits_split().partner
    assert partner.images.dtype == np.uint8
    assert partner.images.shape[1:] == (8, 8)
    assert (int(partner.images.min()), int(partner.images.max())) == (0, 255)
    assert len(np.unique(partner.images)) == 17


def test_scikit_learn_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r'pip install "\.\[demo\]".*SA802'):
        digits_split.__wrapped__()
