from __future__ import annotations

from lightning_synthaug.filling.counts import Counted, Counts


def test_counts_of_another_process_are_added() -> None:
    mine, theirs = Counts(), Counts()
    mine.answered(2, made=1)
    mine.reject("dark")
    theirs.answered(3, made=2)
    theirs.reject("dark", 2)
    theirs.reject("odd")
    mine.add(theirs.take())
    assert mine.take() == Counted(5, 3, {"dark": 3, "odd": 1})
    assert mine.take() == theirs.take() == Counted(0, 0, {})


def test_reasons_without_end_share_a_name() -> None:
    counts = Counts()
    for number in range(100):
        counts.reject(f"{number} " + "x" * 1000)
    rejected = counts.take().rejected
    assert sum(rejected.values()) == 100
    assert len(rejected) == 33
    assert rejected["other reasons"] == 68
    assert max(map(len, rejected)) == 200
