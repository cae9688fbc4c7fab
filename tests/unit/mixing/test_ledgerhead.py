from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from lightning_synthaug.mixing import Mixture, Recipe, recorder_for
from lightning_synthaug.mixing.ledgerhead import counts_of, described
from lightning_synthaug.plan import plan_from_state
from tests.helpers.plans import plan_of
from tests.helpers.traced import Tracer, traced_dataset


class Odd(Tracer):
    def settings(self) -> dict[str, Any]:
        return {"scale": math.nan, "path": Path("x")}


class Odder(Tracer):
    def settings(self) -> dict[str, Any]:
        return {("a", 1): 2}


def test_a_run_is_described_in_plain_types(tmp_path: Path) -> None:
    recipe = Recipe(
        source={
            "gan": Tracer(),
            "old": traced_dataset(9, source=2),
            "odd": Odd(),
            "odder": Odder(),
        },
        ratio=0.5,
        cache=tmp_path,
    )
    mixture, plan = Mixture(recipe, traced_dataset(45)), plan_of(recipe, 10)
    told = json.loads(json.dumps(described(mixture, {"fingerprint": {"seed": 0}}, plan)))
    assert told["fingerprint"] == {"seed": 0}
    assert [source["name"] for source in told["sources"]] == ["gan", "old", "odd", "odder"]
    assert told["sources"][0]["made_by"]["fingerprint"] == Tracer().fingerprint()
    assert "dataset" in told["sources"][1]
    assert told["sources"][2]["made_by"]["settings"]["path"] == "x"
    assert told["sources"][3]["made_by"].startswith("TypeError: ")
    again = plan_from_state(told["plan"])
    assert again is not None
    assert (again.batch(3).matrix() == plan.batch(3).matrix()).all()
    assert described(mixture, {}, None)["plan"] is None
    assert list(counts_of(mixture)) == ["gan", "odd", "odder"]
    mixture.close()
    existing = Recipe(source=traced_dataset(9, source=1), ratio=0.5)
    assert counts_of(Mixture(existing, traced_dataset(45))) == {}


def test_one_process_of_those_that_share_rows_writes(tmp_path: Path) -> None:
    def who(world: int, processes: int) -> list[int]:
        each = processes // world
        return [
            p
            for p in range(processes)
            if recorder_for(tmp_path, rank=p // each, world=world, process=p, processes=processes)
        ]

    assert who(4, 4) == [0, 1, 2, 3]
    assert who(2, 4) == [0, 2]
    assert who(1, 4) == [0]
