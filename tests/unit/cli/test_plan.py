from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lightning_synthaug.cli.main import EXIT_ERROR, EXIT_PIPE, main
from lightning_synthaug.cli.plan import to_json
from lightning_synthaug.cli.planning import Preview
from lightning_synthaug.plan import Constant
from tests.helpers.ledgers import Writer, plan_with

RUN = ["plan", "--samples", "1000", "--batch-size", "8", "--ratio", "linear:0:0.5"]


def test_without_steps_the_run_is_shown_by_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--epochs", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("1,000 real samples, batch 8, 125 batches an epoch")
    assert lines[3].split() == ["steps", "rows", "ratio", "synthetic", "share"]
    assert lines[-1].startswith("synthetic: ")


def test_steps_are_shown_in_the_order_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--batches", "500", "--step", "499", "--step", "0", "--rank", "0"]) == 0
    out = capsys.readouterr().out
    assert out.index("step 499 ") < out.index("step 0 ")
    assert out.count("rows of rank 0:") == 2
    assert "\n\n\n" not in out


def test_json_holds_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--batches", "500", "--world", "2", "--weights", "a=3,b=1", "--json"]
    assert main([*RUN, *options, "--step", "400", "--rank", "1"]) == 0
    printed = json.loads(capsys.readouterr().out)
    (step,) = printed["steps"]
    assert printed["run"]["global_batch"] == 16
    assert sum(step["counts"].values()) == 16
    assert [sum(rank.values()) for rank in step["ranks"]] == [8, 8]
    rows = step["rows"]
    assert {len(rows[name]) for name in rows if name != "rank"} == {8}
    for name in ("real", "a", "b"):
        assert rows["source"].count(name) == step["ranks"][1][name]


def test_json_of_a_run_adds_up() -> None:
    run = Preview(100, Constant(0.25), batch_size=10, epochs=2)
    made = to_json(run, [], None)
    assert sum(part["rows"] for part in made["tenths"]) == made["total"]["rows"] == 200
    assert made["total"]["synthetic"] == made["distinct"] == {"synthetic": 50}
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--epochs", "0"], "`--epochs` must be at least 1"),
        (["--epochs", "1", "--rank", "0"], "`--rank` needs a step"),
        (["--epochs", "1", "--step", "125"], "`--step` must lie in"),
        (["--epochs", "1", "--step", "0", "--rank", "1"], "`--rank` must lie in"),
        (["--epochs", "1", "--weights", "a:1"], "SA804"),
        (["--epochs", "1", "--weights", "a=0"], "`--weights['a']` must be a number above 0"),
        (["--epochs", "1", "--ratio", "30"], "`--ratio` must be a ratio in [0, 1], got 30.0. For"),
        (["--epochs", "1", "--ratio", "linear:0:50"], "In `--ratio linear:0:50`: `end` must be"),
        (["--epochs", "1", "--ratio", "half"], "SA803"),
    ],
)
def test_what_does_not_fit_is_one_line_and_nothing_is_printed(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, *options]) == EXIT_ERROR
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "lightning_synthaug.cli.main", *RUN, "--batches", "500"]
    steps = [option for _ in range(2000) for option in ("--step", "0")]  # more than a pipe holds
    child = subprocess.Popen([*command, *steps], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(60) == EXIT_PIPE
        assert child.stderr.read() == b""
    finally:
        child.kill()
        child.wait()
        if child.stderr is not None:
            child.stderr.close()


def test_the_length_is_given_once(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*RUN, "--epochs", "1", "--batches", "1"])
    assert "--epochs" in capsys.readouterr().err


def test_neither_torch_nor_lightning_is_needed() -> None:
    code = (
        "import sys\n"
        "from lightning_synthaug.cli.main import main\n"
        f"main({[*RUN, '--epochs', '1']!r})\n"
        "print(sorted({'torch', 'lightning', 'pytorch_lightning'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], r"one without --samples, --batch-size, --ratio, --epochs or --batches.*SA820"),
        ([*RUN[1:]], r"one without --epochs or --batches\. .*SA820"),
        ([*RUN[1:], "--batches", "3:5"], r"`--batches` must be the length.*got 3:5.*SA820"),
        (["--ledger", "x", "--samples", "5", "--seed", "0"], r"got --samples, --seed besides.*SA820"),
        (["--ledger", "x", "--rank", "1"], r"`--rank` needs batches.*SA821"),
        (["--ledger", "nowhere"], r"A ledger must be.*SA661"),
    ],
)  # fmt: skip
def test_a_run_is_described_or_was_written_down(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *options]) == EXIT_ERROR
    assert re.search(said, capsys.readouterr().err)


def test_a_ledger_is_shown_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writer = Writer(tmp_path, plan_with("a", "b"), world=2)
    writer.batches(0, 12)
    writer.close()
    command = ["plan", "--ledger", str(tmp_path)]
    assert main(command) == 0
    assert capsys.readouterr().out.startswith("12 batches on 2 ranks, 90 rows, seed 0\n")
    assert main([*command, "--batches", "3:5", "--rank", "1", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["listed"]
    assert {(row["batch"], row["rank"]) for row in listed} == {(3, 1), (4, 1)}
    assert main([*command, "--batches", "3", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["listed"]) == 8
    assert main([*command, "--batches", "12"]) == EXIT_ERROR
    assert re.search(r"recorded \(0 to 11\).*got 12:13.*SA821", capsys.readouterr().err)


def test_batches_are_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["plan", "--batches", "x"])
    assert "must be a number N, or N:M" in capsys.readouterr().err
