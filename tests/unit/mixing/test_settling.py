from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lightning_synthaug as sa
from lightning_synthaug.data import Record, Verdict
from lightning_synthaug.filling import Limits, Turns
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.settling import settle, watched
from tests.helpers.collapsing import Turning, real_dataset
from tests.helpers.traced import CLASSES, Tracer, traced_dataset


def opened(folder: Path, **options: Any) -> tuple[Mixture, Any]:
    source = Tracer(labels=range(CLASSES), **options)
    mixture = Mixture(Recipe(source=source, ratio=0.5, cache=folder), traced_dataset(9))
    return mixture, mixture.generated[0]


def asked(source: Any, wanted: list[int], folder: Path, world: int = 1, **options: Any) -> int:
    how: dict[str, Any] = {"fill": "ahead", "leader": True} | options
    turns = Turns(folder, "synthetic")
    with watched(turns, leader=how["leader"], world=world):
        return settle(source, np.array(wanted), turns=turns, limits=Limits(), **how)


def test_what_is_missing_is_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mixture, source = opened(tmp_path, reject=1)
    assert asked(source, [0, 1], tmp_path, fill="off") == 0
    assert asked(source, [0, 1], tmp_path) == 2
    assert asked(source, [0, 1], tmp_path) == 0
    mixture.close()


def test_who_does_not_lead_waits_for_what_another_made(tmp_path: Path) -> None:
    leading, leader = opened(tmp_path)
    following, follower = opened(tmp_path)
    asked(leader, [0, 1, 2], tmp_path, world=2)
    assert asked(follower, [0, 1, 2], tmp_path, world=2, leader=False) == 0
    assert len(follower.places) == 3
    leading.close()
    following.close()


def test_an_error_leaves_word_for_those_who_wait(tmp_path: Path) -> None:
    mixture, source = opened(tmp_path)
    source.needs.generator.generate = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        asked(source, [0], tmp_path, world=2)
    assert len(list(tmp_path.glob("fill-synthetic-*.failed.json"))) == 1
    mixture.close()


def test_what_was_stopped_is_not_waited_for_and_the_budget_not_blamed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened_source() -> Any:
        source = Turning(200)
        recipe = Recipe(source=source, ratio=0.5, cache=tmp_path, on_collapse="stop")
        mixture = Mixture(recipe, real_dataset(600))
        return mixture, mixture.generated[0]

    (leading, leader), (following, follower) = opened_source(), opened_source()
    wanted = list(range(500))
    made = asked(leader, wanted, tmp_path, world=2)
    assert 200 < made < 500
    assert "budget" not in capsys.readouterr().err
    assert asked(follower, wanted, tmp_path, world=2, leader=False) == 0
    assert len(follower.places) == made
    leading.close()
    following.close()


class Yes(Gate):
    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        return [Verdict(True)] * len(records)


def test_what_is_only_judged_is_not_taken_for_a_budget_that_is_spent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixture, source = opened(tmp_path)
    assert asked(source, [0, 1], tmp_path) == 2
    mixture.close()
    source = Tracer(labels=range(CLASSES))
    mixture = Mixture(
        Recipe(source=source, ratio=0.5, cache=tmp_path, gates=[Yes()]), traced_dataset(9)
    )
    assert asked(mixture.generated[0], [0, 1], tmp_path) == 0
    assert len(mixture.generated[0].places) == 2
    assert "budget" not in capsys.readouterr().err
    mixture.close()


def test_what_is_put_off_is_asked_for_with_the_next_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mixture, source = opened(tmp_path)
    generate = source.needs.generator.generate
    source.needs.generator.generate = lambda asked: [
        sa.Rejection("the server is away", for_now=True) for _ in asked
    ]
    assert asked(source, [0, 1, 2], tmp_path) == 0
    said = capsys.readouterr().err
    assert "the server is away" in said
    assert "budget" not in said
    source.needs.generator.generate = generate
    assert asked(source, [0, 1, 2], tmp_path) == 3
    mixture.close()
