"""Entry point of `synthaug`: find the commands, parse, run one, turn errors into exit statuses."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from importlib import metadata
from types import ModuleType

import lightning_synthaug.cli as commands_package
from lightning_synthaug.errors import SynthAugError

__all__ = ["EXIT_ERROR", "EXIT_INTERRUPTED", "build_parser", "find_commands", "main"]

EXIT_ERROR = 2
"""Status after an error that the package raised on purpose; argparse's own for bad usage."""

EXIT_INTERRUPTED = 130
"""Status after Ctrl-C, as shells expect it (128 + SIGINT)."""


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
        are printed to stderr), 130 after Ctrl-C.

    Raises:
        SystemExit: On bad usage (2) and after `--help` or `--version` (0), as argparse does.
    """
    commands = find_commands()
    args = build_parser(commands).parse_args(argv)
    try:
        return int(commands[args.command].run(args))
    except SynthAugError as error:
        print(f"synthaug {args.command}: {error}", file=sys.stderr)
        return EXIT_ERROR
    except KeyboardInterrupt:
        print(f"synthaug {args.command}: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED


def _version() -> str:
    """Version of the installed distribution, or a note that there is none."""
    try:
        return metadata.version("lightning-synthaug")
    except metadata.PackageNotFoundError:
        return "(run from source, not installed)"


if __name__ == "__main__":
    sys.exit(main())
