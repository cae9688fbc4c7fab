from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.filling import Counted, Counts
from lightning_synthaug.mixing import CAUSES, Ledger
from lightning_synthaug.mixing.ledgerfile import ledger_path
from lightning_synthaug.plan import Epoch, Plan, RatioChange
from tests.helpers.ledgers import BATCH, Writer, plan_with, told


def written(folder: Path, plan: Plan | None = None, *, world: int = 1, stop: int = 20) -> Writer:
    writer = Writer(folder, plan or plan_with(), world=world)
    writer.batches(0, stop)
    writer.close()
    return writer


def check(ledger: Ledger, writer: Writer, numbers: range) -> None:
    """Each batch is what its writer saw."""
    for number in numbers:
        witnessed = ledger.served(number)
        assert witnessed is not None
        planned = writer.plan.batch(number)
        assert np.array_equal(witnessed.planned.matrix(), planned.matrix())
        for rank in range(writer.world):
            mine = (witnessed.rank == rank) & planned.is_synthetic
            assert witnessed.codes[mine].tolist() == writer.codes[number, rank].tolist()
        served = np.where(witnessed.codes == 0, planned.source, 0)
        assert witnessed.served.tolist() == served.tolist()


@pytest.mark.parametrize("world", [1, 2, 4])
@pytest.mark.parametrize("names", [("gan",), ("a", "b")])
def test_each_batch_is_replayed_as_it_was(tmp_path: Path, world: int, names: tuple[str]) -> None:
    writer = written(tmp_path, plan_with(*names, labels=np.arange(45) % 3), world=world)
    ledger = Ledger.read(tmp_path)
    check(ledger, writer, range(20))
    assert ledger.spans == [(0, 20)]
    assert (ledger.absent, ledger.damaged, ledger.world(5)) == ([], 0, world)
    assert ledger.served(20) is ledger.slots(20) is ledger.slots(5, rank=9) is None
    assert ledger.served(-1) is None
    assert ledger.world(20) == 0


def test_sums_are_those_of_the_batches(tmp_path: Path) -> None:
    writer = written(tmp_path, plan_with("a", "b"), world=2)
    ledger = Ledger.read(tmp_path)
    for first, stop in (0, 20), (3, 4), (5, 17), (18, 99), (40, 50):
        numbers = range(first, min(stop, 20))
        sums = ledger.sums(first, stop)
        planned = [writer.plan.batch(n) for n in numbers]
        assert (sums.batches, sums.rows) == (len(numbers), sum(map(len, planned)))
        for number, name in enumerate(["a", "b"], start=1):
            asked = sum(int((slots.source == number).sum()) for slots in planned)
            assert (sums.sources[name].planned if name in sums.sources else 0) == asked
        codes = [writer.codes[n, r].tolist() for n in numbers for r in range(2)]
        for code, cause in enumerate(CAUSES, start=1):
            counted = sum(source.substituted[cause] for source in sums.sources.values())
            assert counted == sum(each.count(code) for each in codes)
    assert ledger.sums() == ledger.sums(0, 20)
    assert all(s.served + sum(s.substituted.values()) == s.planned for s in sums.sources.values())


def test_a_resumed_run_goes_on_where_its_checkpoint_is(tmp_path: Path) -> None:
    first = written(tmp_path, stop=14)
    second = Writer(tmp_path, plan_with(seed=1), seed=5)
    second.batches(9, 20)
    second.close(18)
    ledger = Ledger.read(tmp_path)
    check(ledger, first, range(9))
    check(ledger, second, range(9, 18))
    assert ledger.spans == [(0, 18)]
    assert [head.batch for head in ledger.heads] == [0, 9]
    assert ledger.head(8) is ledger.heads[0]
    assert ledger.heads[1].fingerprint == {"seed": 1}


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2), (4, 2)])
def test_another_number_of_ranks_may_go_on(tmp_path: Path, before: int, after: int) -> None:
    first = written(tmp_path, world=before)
    second = Writer(tmp_path, plan_with(), world=after, seed=5)
    second.batches(9, 16)
    second.close()
    ledger = Ledger.read(tmp_path)
    check(ledger, first, range(9))
    check(ledger, second, range(9, 16))
    assert ledger.sums().batches == 16
    assert ledger.sums().rows == first.plan.slot(16)


def test_a_rank_may_be_missing(tmp_path: Path) -> None:
    writer = written(tmp_path, world=4)
    ledger_path(tmp_path, 2).unlink()
    ledger = Ledger.read(tmp_path)
    assert ledger.absent == [2]
    witnessed = ledger.served(3)
    assert witnessed is not None
    hidden = witnessed.rank == -1
    assert hidden.sum() == BATCH // 4
    synthetic = witnessed.planned.is_synthetic
    assert set(witnessed.codes[hidden & synthetic].tolist()) == {-1}
    assert (witnessed.codes[hidden & ~synthetic] == 0).all()
    alone = Ledger.read(ledger_path(tmp_path, 1))
    assert alone.slots(3) is None
    slots = alone.slots(3, rank=1)
    assert slots is not None
    assert slots.codes.tolist() == writer.codes[3, 1].tolist()
    with pytest.raises(PlanError, match="SA664"):
        alone.served(3)


def test_a_gap_is_told(tmp_path: Path) -> None:
    writer = Writer(tmp_path, plan_with())
    for first in (0, 4, 8):
        writer.batches(first, first + 4)
        writer.recorders[0].flush()
    writer.close()
    lines = ledger_path(tmp_path, 0).read_bytes().splitlines(keepends=True)
    assert len(lines) == 4  # the plan, and four batches each
    damaged = [*lines[:2], lines[2].replace(b'"world"', b'"wirld"'), lines[3]]
    ledger_path(tmp_path, 0).write_bytes(b"".join(damaged))
    ledger = Ledger.read(tmp_path)
    assert (ledger.spans, ledger.damaged) == ([(0, 4), (8, 12)], 1)
    assert ledger.served(5) is None
    check(ledger, writer, range(8, 12))


def test_what_was_made_adds_up_over_ranks(tmp_path: Path) -> None:
    for rank in range(2):
        counts = Counts()
        counts.answered(3, made=2)
        counts.reject("dark")
        recorder = sa.mixing.Recorder(tmp_path, rank=rank, world=2)
        recorder.begin(plan_with(), lambda: told(plan_with()), {"gan": counts})
        recorder.batch(0, np.array([0, 1]), None)
        recorder.pause()
    ledger = Ledger.read(str(tmp_path))
    assert ledger.made == ledger.made == {"gan": Counted(6, 4, {"dark": 2})}


def test_rows_that_do_not_follow_from_the_plan_are_not_told(tmp_path: Path) -> None:
    plan = plan_with()
    for name, changes in {"none": {"plan": None}, "other": {"plan": plan_with(ratio=0.2)}}.items():
        recorder = sa.mixing.Recorder(tmp_path / name, rank=0, world=1)
        head = told(plan) | changes
        if name == "other":
            head = told(changes["plan"])
        recorder.begin(plan, lambda head=head: head, {})
        recorder.batch(0, plan.batch(0).source, None)
        recorder.pause()
        ledger = Ledger.read(tmp_path / name)
        with pytest.raises(PlanError, match="SA664"):
            ledger.served(0)
        assert ledger.sums().sources["gan"].planned == 4


def test_a_plan_that_cannot_be_asked_is_an_error_of_ours(tmp_path: Path) -> None:
    plan = plan_with()
    events = [RatioChange(3, 0.9)]
    odd = Plan(Epoch(45, 8), plan.knots, plan.sources, seed=0, history=events)
    head = told(odd)
    head["plan"]["schedule"] = [[0, 10**300, 2**31, 0, 1]]
    recorder = sa.mixing.Recorder(tmp_path, rank=0, world=1)
    recorder.begin(plan, lambda: head, {})
    recorder.batch(0, plan.batch(0).source, None)
    recorder.pause()
    with pytest.raises(PlanError, match="SA664"):
        Ledger.read(tmp_path).served(0)


@pytest.mark.parametrize("what", ["nothing", "empty", "other", "file"])
def test_something_else_is_no_ledger(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what in ("empty", "other"):
        path.mkdir()
    if what == "other":
        (path / "ledger-0.jsonl").write_text("{}\n")
        (path / "ledger-x.jsonl").write_text("")
    if what == "file":
        path.write_text("")
    with pytest.raises(ConfigError, match="SA661"):
        Ledger.read(path)
