"""What the tests of misses and streams do not cover."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.errors import FillError
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.causes import REJECTED, UNMAKEABLE
from lightning_synthaug.mixing.insisting import insist, nobody_makes
from lightning_synthaug.plan import Epoch, SourceChange
from tests.helpers.traced import Tracer, traced_dataset


def test_what_a_collapsed_source_is_not_asked_for_is_no_loss(tmp_path: Path) -> None:
    recipe = Recipe(source=Tracer(), ratio=0.5, cache=tmp_path)
    with_all = Mixture(recipe, traced_dataset(45))
    plan = with_all.compile(Epoch(45, 8), None)
    slots = plan.batch(0)
    codes = np.where(slots.is_synthetic, UNMAKEABLE, 0).astype(np.int8)
    with pytest.raises(FillError, match=r"got 4 missing in batch 0 .*\(4 unmakeable\).*SA504"):
        insist(with_all, plan, 0, slots, codes)
    stopped = with_all.compile(Epoch(45, 8), None, history=[SourceChange(0, 0, 0, 0.0)])
    insist(with_all, stopped, 0, slots, codes)
    codes[codes > 0] = REJECTED
    with pytest.raises(FillError, match=r"\(4 rejected\).*SA504"):
        insist(with_all, stopped, 0, slots, codes)
    with_all.close()


def test_a_budget_that_is_spent_is_named(tmp_path: Path) -> None:
    recipe = Recipe(source=Tracer(), ratio=0.5, cache=tmp_path, budget={"samples": 1})
    mixture = Mixture(recipe, traced_dataset(45))
    mixture.limits.count(1)
    error = nobody_makes(mixture, 3, 2)
    assert error.code == "SA524"
    assert "got 2 missing in batch 3" in str(error)
    assert "(the budget is spent)" in str(error)
    mixture.close()
