"""Write down the options of `synthaug`, so that a change to them shows in the diff.

Run it after an intended change; `tests/rules/test_cli_frozen.py` compares.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from lightning_synthaug.cli.main import build_parser, find_commands

FROZEN = Path(__file__).resolve().parents[1] / "tests" / "rules" / "cli_options.txt"


def render() -> str:
    """Describe every command and option, one a line, the same on each version of Python.

    Returns:
        Text ending in a newline. Help texts are left out: wording may improve freely.
    """
    return "\n".join(_describe(build_parser(find_commands()))) + "\n"


def _describe(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Lines of one parser and of those below it."""
    yield parser.prog
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for sub in action.choices.values():
                yield ""
                yield from _describe(sub)
        elif not isinstance(action, argparse._HelpAction):
            yield f"    {_option(action)}"


def _option(action: argparse.Action) -> str:
    """One option: its names, then whatever differs from a plain optional value."""
    parts = ["/".join(action.option_strings) or action.dest]
    if action.nargs is not None:
        parts.append(f"nargs={action.nargs}")
    if action.choices is not None:
        parts.append(f"choices={','.join(str(choice) for choice in action.choices)}")
    if action.default not in (None, argparse.SUPPRESS):
        parts.append(f"default={action.default!s}")
    if action.required and action.option_strings:
        parts.append("required")
    return " ".join(parts)


if __name__ == "__main__":
    FROZEN.write_text(render(), encoding="utf-8")
    print(f"wrote {FROZEN.name}")
