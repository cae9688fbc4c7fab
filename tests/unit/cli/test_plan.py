from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lightning_synthaug.cli.main import EXIT_ERROR, EXIT_PIPE, main
from lightning_synthaug.cli.plan import to_json
from lightning_synthaug.cli.planning import Preview
from lightning_synthaug.plan import Constant

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


@pytest.mark.parametrize("length", [[], ["--epochs", "1", "--batches", "1"]])
def test_the_length_is_given_once(length: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*RUN, *length])
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
