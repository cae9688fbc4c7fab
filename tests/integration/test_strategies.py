"""Processes that are spawned or forked deliver what one would; a long fill outlasts no collective."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from tests.helpers.ranks import Ranks, Stream, counted, finish, one_process, start, stop

#: Seconds that a collective may take, and that the only fill takes at least, in pauses a batch of four samples.
PATIENCE, FILL = 20, 60

#: Forked ranks meet at once, however slowly they were imported: the time-out holds for their meeting too.
RUNS: dict[str, dict[str, Any]] = {
    "slow": {"start": "fork", "epochs": 1, "pause": 10, "patience": PATIENCE},
    "spawn": {"start": "spawn"},
    "fork": {"start": "fork"},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Popen[str], Path]]]:
    """All started at once: the slow one sleeps while the others work."""
    base = tmp_path_factory.mktemp("strategies")
    started: dict[str, tuple[Popen[str], Path]] = {}
    try:
        for name, spec in RUNS.items():
            started[name] = (start(base / name, **spec), base / name)
        yield started
    finally:
        for process, _ in started.values():
            stop(process)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    base = tmp_path_factory.mktemp("one")
    return one_process(base, base / "cache")


def check(ranks: Ranks, whole: Stream) -> None:
    assert ranks.union() == counted(whole)
    # Each sample is made once, by the process of the first rank.
    assert {pid for pid, _, _ in ranks.made()} == {ranks.told[0]["pid"]}
    assert max(Counter((y, n) for _, y, n in ranks.made()).values()) == 1


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_ranks_started_by_python_deliver_together_what_one_process_would(
    runs: dict[str, tuple[Popen[str], Path]], whole: Stream, method: str
) -> None:
    ranks = finish(*runs[method])
    check(ranks, whole)
    assert ranks.told[0]["pid"] not in (runs[method][0].pid, ranks.told[1]["pid"])


def test_a_fill_may_take_longer_than_a_collective(
    runs: dict[str, tuple[Popen[str], Path]], tmp_path: Path
) -> None:
    ranks = finish(*runs["slow"])
    check(ranks, one_process(tmp_path, tmp_path / "cache", epochs=1))
    batches_made = -(-len(ranks.made()) // 4)
    assert batches_made * RUNS["slow"]["pause"] >= FILL > PATIENCE
