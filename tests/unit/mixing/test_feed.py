from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import CacheFull, FillError
from lightning_synthaug.mixing import CountedProgress, Course, Feed, Mixture, Recipe
from lightning_synthaug.mixing.message import Delivered
from lightning_synthaug.plan import Epoch
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 45


def feed(cache: Path, *, rank: int = 0, world: int = 1, **options: Any) -> Feed:
    recipe = Recipe(**({"source": Tracer(), "ratio": 0.5, "cache": cache} | options))
    return Feed(
        Mixture(recipe, traced_dataset(SIZE)),
        Epoch(SIZE, 8, world),
        rank=rank,
        leader=rank == 0,
        shuffle=True,
        progress=CountedProgress(18),
        course=Course(recipe.on_mismatch, tell=None),
    )


def test_a_pass_is_planned_filled_and_counted(tmp_path: Path) -> None:
    f = feed(tmp_path)
    f.begin()
    assert (f.start, f.stop, f.totals.generated) == (0, 6, SIZE // 2)
    for number in range(6):
        message = f.message(number)
        assert message.number == number
        assert (message.matrix[4] >= 0).sum() == (message.matrix[0] == 1).sum()  # type: ignore[index]
        f.deliver(Delivered(number, None))
    t = f.totals
    assert (t.rows, t.planned, t.served, t.misses) == (SIZE, SIZE // 2, SIZE // 2, 0)
    f.begin()
    assert (f.start, f.stop) == (6, 12)
    f.mixture.close()


def test_real_batches_are_told_as_plain_indices(tmp_path: Path) -> None:
    f = feed(tmp_path, ratio=0.0)
    f.begin()
    message = f.message(0)
    assert message.matrix is None
    assert message.plain == f.plan.batch(0).index.tolist()  # type: ignore[union-attr]
    f.deliver(Delivered(0, None))
    served = f.served()
    assert served is not None
    assert served.slots.tolist() == list(range(8))
    assert not served.served.any()
    assert list(tmp_path.iterdir()) == [] or f.totals.generated == 0


def test_messages_may_be_asked_for_twice(tmp_path: Path) -> None:
    """A batch sampler that is iterated twice, as some tools do, changes nothing."""
    f = feed(tmp_path)
    f.begin()
    first = [f.message(n).matrix.tolist() for n in range(6)]  # type: ignore[union-attr]
    assert [f.message(n).matrix.tolist() for n in range(6)] == first  # type: ignore[union-attr]
    f.mixture.close()


def test_ranks_get_parts_of_the_same_batch(tmp_path: Path) -> None:
    whole = feed(tmp_path)
    whole.begin()
    parts = [feed(tmp_path, rank=r, world=2) for r in range(2)]
    for part in parts:
        part.begin()
    for number in range(6):
        slots: list[int] = []
        for part in parts:
            part.message(number)
            part.deliver(Delivered(number, None))
            served = part.served()
            assert served is not None
            slots += served.slots.tolist()
        start = 8 * number
        assert sorted(slots) == list(range(start, min(start + 8, SIZE)))
    assert sum(p.totals.served for p in parts) == SIZE // 2
    for f in (whole, *parts):
        f.mixture.close()


def test_what_a_worker_missed_is_counted_and_made_again(tmp_path: Path) -> None:
    f = feed(tmp_path)
    f.begin()
    message = f.message(0)
    rows = np.nonzero(message.matrix[0])[0][:2]  # type: ignore[index]
    f.deliver(Delivered(0, rows))
    assert f.totals.misses == 2
    served = f.served()
    assert served is not None
    assert served.served[rows].tolist() == [0, 0]
    assert served.planned[rows].tolist() == [1, 1]
    made = f.totals.generated
    f.progress.load_state_dict({"batches": 0})  # type: ignore[attr-defined]
    f.begin()
    assert f.totals.generated == made + 2
    f.mixture.close()


def test_a_rank_that_does_not_fill_takes_nothing_out_of_the_store(tmp_path: Path) -> None:
    leader, other = feed(tmp_path, world=2), feed(tmp_path, rank=1, world=2)
    leader.begin()
    other.begin()
    message = other.message(0)
    other.deliver(Delivered(0, np.nonzero(message.matrix[0])[0][:1]))  # type: ignore[index]
    assert other.totals.misses == 1
    other.progress.load_state_dict({"batches": 0})  # type: ignore[attr-defined]
    other.begin()  # would wait for ever, had it taken the sample out
    assert other.mixture.store.stats().samples == leader.totals.generated
    # It left word: who fills makes that sample again before its next pass, and nothing else.
    made = leader.totals.generated
    for _ in range(2):
        leader.progress.load_state_dict({"batches": 0})  # type: ignore[attr-defined]
        leader.begin()
        assert leader.totals.generated == made + 1
    for f in (leader, other):
        f.mixture.close()


def test_the_account_is_that_of_the_batch_on_the_clock(tmp_path: Path) -> None:
    f = feed(tmp_path)
    assert f.served() is None
    f.begin()
    f.message(0)
    assert f.served() is None
    f.deliver(Delivered(0, None))
    f.message(1)  # ahead, not delivered
    served = f.served()
    assert served is not None
    assert served.number == 0
    f.mixture.close()


def test_missing_samples_can_be_an_error(tmp_path: Path) -> None:
    f = feed(tmp_path, fill="off", on_miss="error")
    f.begin()
    with pytest.raises(FillError, match=r"Each planned sample must be in the cache.*SA504"):
        f.message(0)
    f.mixture.close()


def test_a_leader_that_fails_leaves_word_for_the_others(tmp_path: Path) -> None:
    class Failing(Tracer):
        def generate(self, requests: Any) -> Any:
            raise RuntimeError("out of memory")

    leader = feed(tmp_path, world=2, source=Failing())
    with pytest.raises(RuntimeError, match="out of memory"):
        leader.begin()
    other = feed(tmp_path, rank=1, world=2, source=Failing())
    with pytest.raises(FillError, match=r"RuntimeError: out of memory.*SA502"):
        other.begin()
    for f in (leader, other):
        f.mixture.close()


def test_requests_given_up_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Never(Tracer):
        def _one(self, request: Any) -> Any:
            from lightning_synthaug.generators import Rejection

            return Rejection("never")

    f = feed(tmp_path, source=Never())
    f.begin()
    assert f.totals.generated == 0
    assert f"{SIZE // 2} requests to 'synthetic' were given up" in capsys.readouterr().err
    f.message(0)
    f.deliver(Delivered(0, None))
    assert (f.totals.served, f.totals.misses) == (0, 4)
    f.mixture.close()


def test_whatever_ends_a_leader_the_others_get_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, other = feed(tmp_path, world=2), feed(tmp_path, rank=1, world=2)
    monkeypatch.setattr(leader.mixture.generated[0].needs, "identities", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        leader.begin()
    with pytest.raises(FillError, match=r"its error: ZeroDivisionError.*SA502"):
        other.begin()
    for f in (leader, other):
        f.mixture.close()


def test_the_cache_keeps_to_what_it_was_allowed(tmp_path: Path) -> None:
    f = feed(tmp_path, cache_bytes=900)
    with pytest.raises(CacheFull, match=r"budget of .*`cache_bytes=`.*SA(306|501)"):
        f.begin()
    f.mixture.close()
