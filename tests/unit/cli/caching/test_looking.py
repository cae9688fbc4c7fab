from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from lightning_synthaug.cli.main import EXIT_ERROR, main
from lightning_synthaug.store import Store, Verdict
from tests.unit.store.samples import BUDGET, filled, flip, key, named, one_file, shards, there


def test_ls_has_a_line_for_each_generator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards(tmp_path, range(12))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([named(20, generator="vae")])
    assert main(["cache", "ls", str(tmp_path)]) == 0
    head, gan, vae = capsys.readouterr().out.splitlines()
    assert head.split() == ["generator", "samples", "bytes", "labels", "oldest", "newest"]
    assert gan.split()[:5] == ["gan", "12", "960", "B", "10"]
    assert vae.split()[:5] == ["vae", "1", "80", "B", "1"]
    assert main(["cache", "ls", str(tmp_path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["cache"] == str(tmp_path)
    assert [(g["name"], g["samples"]) for g in made["generators"]] == [("gan", 12), ("vae", 1)]
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.evict(to=0)
    main(["cache", "ls", str(tmp_path)])
    assert capsys.readouterr().out == f"No samples in {tmp_path}.\n"


def test_stat_counts_by_generator_label_age_and_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards(tmp_path, range(12))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.bury([key(50)], reason="r", attempts=3)
    assert main(["cache", "stat", str(tmp_path)]) == 0
    totals, generators, labels, ages = capsys.readouterr().out.split("\n\n")
    assert "12 samples in 1 shard" in totals
    assert "1 request given up" in totals
    assert generators.startswith("generator")
    assert [line.split()[:2] for line in labels.splitlines()[1:3]] == [["0", "2"], ["1", "2"]]
    assert "last day" in ages
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put_verdicts("sharp", {key(0): Verdict(True, 0.5), key(1): Verdict(False)})
    assert main(["cache", "stat", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["sharp", "1", "1", *["0.5"] * 3]
    assert main(["cache", "stat", str(tmp_path), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["samples"], made["shards"], made["tombstones"]) == (12, 1, 1)
    assert sum(group["samples"] for group in made["by_label"]) == 12
    assert made["by_age"][0]["name"] == "last day"
    assert made["gates"][0]["accepted"] == 1


def test_looking_works_while_a_run_uses_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with filled(tmp_path, 4) as run:
        for action in ("ls", "stat", "verify"):
            assert main(["cache", action, str(tmp_path)]) == 0
        run.put([named(4)])
        assert there(run, range(5)) == list(range(5))
    assert "4 samples, none damaged." in capsys.readouterr().out


@pytest.mark.parametrize("action", ["ls", "stat", "verify", "rebuild", "evict", "compact"])
def test_no_command_makes_a_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    options = ["--to", "0"] if action == "evict" else []
    assert main(["cache", action, str(tmp_path / "none"), *options]) == EXIT_ERROR
    assert "SA330" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_index_of_a_newer_format_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with filled(tmp_path, 1):
        pass
    with sqlite3.connect(tmp_path / "index.sqlite") as connection:
        connection.execute("UPDATE meta SET value = '7' WHERE name = 'format'")
    connection.close()
    for action in ("ls", "stat", "verify", "rebuild"):
        assert main(["cache", action, str(tmp_path)]) == EXIT_ERROR
        assert "got 7: a later version" in capsys.readouterr().err


def test_verify_names_damaged_keys_and_has_them_forgotten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shards(tmp_path, range(4))
    flip(one_file(tmp_path, "*.rows"), 85)
    for _ in range(2):  # looking alone changes nothing
        assert main(["cache", "verify", str(tmp_path)]) == 1
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == key(1).hex()
        assert lines[1].startswith("4 samples, 1 damaged. Run again with --forget")
    assert main(["cache", "verify", str(tmp_path), "--forget"]) == 1
    assert "They were taken out" in capsys.readouterr().out
    assert main(["cache", "verify", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "3 samples, none damaged.\n"


def test_rebuild_says_what_was_set_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, _ = shards(tmp_path, range(4), range(4, 6))
    assert main(["cache", "rebuild", str(tmp_path)]) == 0
    said = "The index was made anew: {} samples in {}.\n"
    assert capsys.readouterr().out == said.format(6, "2 shards")
    flip(tmp_path / f"{first:016x}.log", 30)
    (tmp_path / "index.sqlite").write_bytes(b"no index" * 100)
    assert main(["cache", "ls", str(tmp_path)]) == EXIT_ERROR
    assert "synthaug cache rebuild" in capsys.readouterr().err
    assert main(["cache", "rebuild", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(said.format(2, "1 shard"))
    assert {line.rpartition(".damaged")[0][-4:] for line in out.splitlines()[1:]} == {
        ".log",
        "rows",
        "lite",
    }
