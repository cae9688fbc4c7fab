"""Two processes deliver together what one would; one of them fills, the other one waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from lightning_synthaug.mixing import Ledger
from tests.helpers.ddp_run import BATCHES
from tests.helpers.ledgers import rows_of
from tests.helpers.ranks import Ranks, Stream, counted, finish, one_process, start, stop

STOP = 8  # the stop lies within the second epoch


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stream, Ranks, Ranks, Stream]]:
    """One process; two ranks with a cache of their own; two ranks resuming the first; one resuming the ranks."""
    base = tmp_path_factory.mktemp("ddp")
    whole = one_process(base / "one", base / "cache")
    # Both at once: most of the time is spent importing.
    fresh = start(base / "fresh", cache=str(base / "own-cache"))
    resumed = start(
        base / "resumed",
        cache=str(base / "cache"),
        resume=str(base / "one" / f"step={STOP}.ckpt"),
        workers=1,
    )
    try:
        two, two_resumed = finish(fresh, base / "fresh"), finish(resumed, base / "resumed")
        back = one_process(base / "back", base / "cache", base / "fresh" / f"step={STOP}.ckpt")
        yield whole, two, two_resumed, back
    finally:
        stop(fresh)
        stop(resumed)


def test_the_ledgers_of_two_ranks_tell_what_each_was_trained_on(runs: Any) -> None:
    _, two, _, _ = runs
    ledger = Ledger.read(two.folder / "ledger")
    assert (ledger.absent, ledger.damaged, ledger.world(0)) == ([], 0, 2)
    for rank, stream in enumerate(two.streams()):
        assert list(stream) == list(range(BATCHES))
        for number, rows in stream.items():
            assert rows_of(ledger, number, rank=rank) == rows
    assert ledger.made["synthetic"].made == len(two.made())


@pytest.mark.case(18)
def test_the_union_of_two_ranks_is_what_one_process_delivers(runs: Any) -> None:
    whole, two, _, _ = runs
    assert list(whole) == list(range(BATCHES))
    assert two.union() == counted(whole)


@pytest.mark.case(22)
def test_the_ranks_share_the_synthetic_samples_evenly(runs: Any) -> None:
    _, two, _, _ = runs
    first, second = two.streams()
    for n in first:
        counts = [sum(s.source > 0 for s in rows[n]) for rows in (first, second)]
        assert abs(counts[0] - counts[1]) <= 1
        assert abs(len(first[n]) - len(second[n])) <= 1


def test_each_sample_is_made_once_and_by_one_rank(runs: Any) -> None:
    _, two, two_resumed, _ = runs
    assert {pid for pid, _, _ in two.made()} == {two.told[0]["pid"]}
    names = Counter((label, number) for _, label, number in two.made())
    assert set(names.values()) == {1}
    served = {(s.label, s.index) for rows in two.union().values() for s in rows if s.source}
    assert served == set(names)
    assert not (two_resumed.folder / "made.log").exists()  # one process had made them all


@pytest.mark.case(30)
def test_one_process_stopped_goes_on_in_two(runs: Any) -> None:
    whole, _, two_resumed, _ = runs
    assert two_resumed.union() == {n: Counter(rows) for n, rows in whole.items() if n >= STOP}
    assert two_resumed.told[0]["steps"] == BATCHES


@pytest.mark.case(30)
def test_two_processes_stopped_go_on_in_one(runs: Any) -> None:
    whole, _, _, back = runs
    assert back == {n: rows for n, rows in whole.items() if n >= STOP}
