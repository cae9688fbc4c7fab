from __future__ import annotations

import io
from pathlib import Path

import pytest

from lightning_synthaug.cli.main import EXIT_ERROR, main
from lightning_synthaug.store import Store
from tests.unit.store.samples import BUDGET, filled, flip, key, named, shards, there


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


def count(folder: Path) -> int:
    with Store.open(folder, byte_budget=BUDGET) as store:
        return store.stats().samples


def test_evict_says_what_would_go_and_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shards(tmp_path, range(4), range(4, 8))
    evict = ["cache", "evict", str(tmp_path), "--to", "1 kB"]
    assert main([*evict, "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("Would drop 4 samples in 1 shard (")
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert main(evict) == 1
    assert "Nothing was changed." in capsys.readouterr().out
    assert count(tmp_path) == 8
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(evict) == 0
    assert "Dropped 4 samples in 1 shard" in capsys.readouterr().out
    assert count(tmp_path) == 4
    assert main(evict) == 0
    assert capsys.readouterr().out == "Would drop 0 samples in 0 shards (0 B).\n"


def test_where_nobody_can_be_asked_it_takes_yes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shards(tmp_path, range(4))
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    evict = ["cache", "evict", str(tmp_path), "--generator", "gan"]
    assert main(evict) == EXIT_ERROR
    assert "`--yes` must be given" in (said := capsys.readouterr().err)
    assert "SA807" in said
    assert count(tmp_path) == 4
    assert main([*evict, "--yes"]) == 0
    assert count(tmp_path) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "5 gigs"], "`--to` must be a number of bytes"),
        (["--older-than", "old"], "`--older-than` must be a length of time"),
        ([], "at least one of `--to`, `--older-than` and `--generator`"),
    ],
)
def test_bad_values_are_told_as_they_were_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    shards(tmp_path, range(2))
    assert main(["cache", "evict", str(tmp_path), *options, "--yes"]) == EXIT_ERROR
    assert said in capsys.readouterr().err
    assert count(tmp_path) == 2


def test_evict_says_what_it_leaves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([named(n, generator="gan" if n % 2 else "vae") for n in range(4)])
    with filled(tmp_path / "other", 2):
        assert main(["cache", "evict", str(tmp_path / "other"), "--to", "0", "--yes"]) == 0
    assert "left alone, because a run is writing to them: 1 shard" in capsys.readouterr().out
    assert main(["cache", "evict", str(tmp_path), "--generator", "gan", "--yes"]) == 0
    assert "2 of them in shards that stay until `compact`" in capsys.readouterr().out
    assert main(["cache", "compact", str(tmp_path)]) == 0
    assert "2 samples of 1 shard are in 1 now; " in capsys.readouterr().out


def test_compact_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = shards(tmp_path, range(4), range(4, 8), range(8, 12))
    flip(tmp_path / f"{first:016x}.rows", 5)
    assert main(["cache", "compact", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "11 samples of 3 shards are in 1 now" in out
    assert "1 damaged sample left out" in out
    assert main(["cache", "compact", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "There is nothing to compact.\n"


def test_merge_takes_several_caches_and_refuses_damage_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, into = (str(tmp_path / name) for name in ("one", "two", "into"))
    shards(tmp_path / "one", range(4))
    first, _ = shards(tmp_path / "two", range(4, 8), range(8, 12))
    assert main(["cache", "merge", one, two, "--into", into]) == 0
    out = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1].split(";")[0] for line in out] == [
        "4 new samples in 1 shard",
        "8 new samples in 2 shards",
    ]
    with Store.open(into, byte_budget=BUDGET) as store:
        assert there(store, range(12)) == list(range(12))
    flip(tmp_path / "two" / f"{first:016x}.rows", 5)
    assert main(["cache", "merge", two, "--into", str(tmp_path / "again")]) == 1
    printed = capsys.readouterr()
    assert f"refused {first:016x}: " in printed.err
    assert "4 new samples in 1 shard" in printed.out


def test_merge_looks_at_all_sources_before_it_makes_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards(tmp_path / "one", range(2))
    sources = [str(tmp_path / "one"), str(tmp_path / "none")]
    assert main(["cache", "merge", *sources, "--into", str(tmp_path / "into")]) == EXIT_ERROR
    assert "SA330" in capsys.readouterr().err
    assert not (tmp_path / "into").exists()


def test_merge_says_what_is_being_written_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with filled(tmp_path / "run", 2) as run:
        assert main(["cache", "merge", str(tmp_path / "run"), "--into", str(tmp_path / "a")]) == 0
        assert "left out, because a run is writing to them: 1 shard" in capsys.readouterr().out
        assert run.get(key(0)) is not None
