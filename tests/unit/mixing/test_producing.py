from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.producing import look_ahead
from tests.helpers.faulty import Faulty
from tests.helpers.traced import traced_dataset


@pytest.mark.parametrize(("leader", "count"), [(True, 2), (False, 0)])
def test_who_leads_starts_a_process_for_each_device(
    tmp_path: Path, leader: bool, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe(
        source=Faulty(str(tmp_path)),
        ratio=0.5,
        cache=tmp_path / "cache",
        fill="background",
        device=["cpu", "cpu"],
    )
    mixture = Mixture(recipe, traced_dataset(48))
    ahead = look_ahead(mixture, leader=leader, world=2)
    assert [p.spec.device for p in ahead.producers] == ["cpu"] * count
    assert capsys.readouterr().err.count("a process of its own") == count
    started = [p._process for p in ahead.producers]
    mixture.rest()
    assert all(process is not None and process.poll() is not None for process in started)
    mixture.close()
