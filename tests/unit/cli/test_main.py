from __future__ import annotations

import argparse
import subprocess
import sys
from types import ModuleType

import pytest

from lightning_synthaug.cli import main as main_module
from lightning_synthaug.cli.main import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    build_parser,
    find_commands,
    main,
)
from lightning_synthaug.errors import ConfigError


def command_that(outcome: int | BaseException) -> ModuleType:
    """A command module called `probe` that returns a status or raises."""

    def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        subparsers.add_parser("probe")

    def run(args: argparse.Namespace) -> int:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    module = ModuleType("probe")
    vars(module).update(add_parser=add_parser, run=run)
    return module


def use(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
    monkeypatch.setattr(main_module, "find_commands", lambda: {"probe": module})


def test_every_command_has_a_parser_under_its_own_name() -> None:
    commands = find_commands()
    parser = build_parser(commands)
    (action,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    assert list(action.choices) == list(commands) == sorted(commands)


def test_helper_modules_are_no_commands() -> None:
    assert not {"main", "checks"} & set(find_commands())


@pytest.mark.parametrize("status", [0, 1])
def test_the_status_of_a_command_is_passed_on(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    use(monkeypatch, command_that(status))
    assert main(["probe"]) == status


def test_a_package_error_is_one_line_on_stderr_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, command_that(ConfigError("SA101", "`ratio` must lie in [0, 1], got 30.")))
    assert main(["probe"]) == EXIT_ERROR
    captured = capsys.readouterr()
    assert captured.err == "synthaug probe: `ratio` must lie in [0, 1], got 30. [SA101]\n"
    assert captured.out == ""


def test_arguments_are_named_by_the_options_that_were_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = build_parser(find_commands())
    message = "`max_minutes` and `class_names`, but not `word` or `Linear(0, 1)`."
    said = main_module._as_typed(message, parser, "fit-generator")
    assert said == "`--max-minutes` and `--classes`, but not `word` or `Linear(0, 1)`."


def test_any_other_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, command_that(RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        main(["probe"])


def test_ctrl_c_ends_with_the_status_of_the_signal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, command_that(KeyboardInterrupt()))
    assert main(["probe"]) == EXIT_INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_without_a_command_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "usage: synthaug" in capsys.readouterr().err


def test_help_loads_neither_torch_nor_lightning() -> None:
    code = (
        "import sys\n"
        "from lightning_synthaug.cli.main import build_parser, find_commands\n"
        "build_parser(find_commands()).format_help()\n"
        "print(sorted({'torch', 'lightning', 'pytorch_lightning'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
