"""Entry point of `synthaug`: find the commands, parse, run one, turn errors into exit statuses."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from types import ModuleType

import lightning_synthaug.cli as commands_package
from lightning_synthaug.errors import SynthAugError

__all__ = ["EXIT_ERROR", "EXIT_INTERRUPTED", "EXIT_PIPE", "build_parser", "find_commands", "main"]

EXIT_ERROR = 2
"""Status after an error that the package raised on purpose; argparse's own for bad usage."""

EXIT_INTERRUPTED = 130
"""Status after Ctrl-C, as shells expect it (128 + SIGINT)."""

EXIT_PIPE = 141
"""Status when the reader of a pipe has gone, as shells expect it (128 + SIGPIPE)."""


def find_commands() -> dict[str, ModuleType]:
    """Import the command modules, keyed by sub-command name.

    Commands are found rather than listed, so that each lives in one file. Their modules must be
    cheap to import: torch and Lightning belong inside `run`.

    Returns:
        Module by name, in alphabetical order, for example `{"doctor": <module>, ...}`.

    Example:
        >>> "doctor" in find_commands()
        True
    """
    found = {}
    for info in pkgutil.iter_modules(commands_package.__path__):
        if info.name.startswith("_") or info.name == "main":
            continue
        module = importlib.import_module(f"{commands_package.__name__}.{info.name}")
        if hasattr(module, "add_parser") and hasattr(module, "run"):
            found[info.name.replace("_", "-")] = module
    return dict(sorted(found.items()))


def build_parser(commands: dict[str, ModuleType]) -> argparse.ArgumentParser:
    """Build the parser of `synthaug` with one sub-parser a command.

    Args:
        commands: What `find_commands` returned.

    Returns:
        The parser; the chosen command's name lands in `args.command`.
    """
    parser = argparse.ArgumentParser(
        prog="synthaug",
        description="Mix real, transformed and synthetic samples in each training batch.",
    )
    parser.add_argument("--version", action="version", version=f"synthaug {_version()}")
    subparsers = parser.add_subparsers(dest="command", metavar="command", required=True)
    for module in commands.values():
        module.add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one `synthaug` command.

    Args:
        argv: Arguments after the program's name; None reads the process's own.

    Returns:
        Exit status: the command's own (0 is success), 2 after a package error (its message and code
        are printed to stderr), 130 after Ctrl-C, 141 when the reader of a pipe has gone.

    Raises:
        SystemExit: On bad usage (2) and after `--help` or `--version` (0), as argparse does.
    """
    commands = find_commands()
    parser = build_parser(commands)
    args = parser.parse_args(argv)
    try:
        status = int(commands[args.command].run(args))
        sys.stdout.flush()
    except SynthAugError as error:
        print(
            f"synthaug {args.command}: {_as_typed(str(error), parser, args.command)}",
            file=sys.stderr,
        )
        return EXIT_ERROR
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; without this, the interpreter complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except KeyboardInterrupt:
        print(f"synthaug {args.command}: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    return status


def _as_typed(message: str, parser: argparse.ArgumentParser, command: str) -> str:
    """Name arguments by the options that they were typed as: `max_minutes` becomes `--max-minutes`."""
    options = dict(_options(_choices(parser)[command]))
    return re.sub(r"`(\w+)`", lambda match: f"`{options.get(match[1], match[1])}`", message)


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    """Name each argument of a command, and of the commands below it, with its option."""
    for action in parser._actions:
        if action.option_strings:
            yield action.dest, action.option_strings[0]
    for below in _choices(parser).values():
        yield from _options(below)


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """List the commands below a parser."""
    below = [a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return {name: choice for choices in below for name, choice in choices.items()}


def _version() -> str:
    """Version of the installed distribution, or a note that there is none."""
    try:
        return metadata.version("lightning-synthaug")
    except metadata.PackageNotFoundError:
        return "(run from source, not installed)"


if __name__ == "__main__":
    sys.exit(main())
