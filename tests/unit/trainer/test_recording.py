from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.loggers import CSVLogger

from lightning_synthaug.mixing import Recipe
from lightning_synthaug.trainer.recording import fit_recorder
from tests.helpers.recorder import trainer
from tests.helpers.traced import Tracer


def folder(ledger: Any, **options: Any) -> Path | None:
    recipe = Recipe(source=Tracer(), ratio=0.5, ledger=ledger)
    made = fit_recorder(trainer(**options), recipe, rank=0, world=1)
    return None if made is None else made._file.path.parent


@pytest.mark.parametrize("ledger", [None, False])
def test_there_is_none_unless_asked_for(ledger: Any) -> None:
    assert folder(ledger) is None


def test_it_goes_where_it_is_told_or_beside_the_logs(tmp_path: Path) -> None:
    assert folder(str(tmp_path / "l")) == tmp_path / "l"
    logger = CSVLogger(tmp_path)
    assert folder(True, logger=logger) == Path(logger.log_dir) / "ledger"
    assert folder(True, default_root_dir=tmp_path) == tmp_path / "ledger"


def test_a_trial_run_leaves_no_trace(tmp_path: Path) -> None:
    assert folder(tmp_path, fast_dev_run=True) is None
