"""`synthaug doctor`: look at an installation and say how to repair what is wrong with it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from lightning_synthaug.cli import checks
from lightning_synthaug.cli.checks.finding import fail, render_table, to_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightning_synthaug.cli.checks import Finding

__all__ = ["add_parser", "examine", "run"]

_EPILOG = "Exit status: 0 when nothing fails, 1 when something has to be repaired."


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "doctor", help="check an installation and say how to repair it", epilog=_EPILOG
    )
    parser.add_argument(
        "--cache",
        metavar="PATH",
        help="cache folder to look at; it need not exist (default: that of a run without cache=)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Print what was found.

    Args:
        args: `cache` and `json`.

    Returns:
        1 when a finding is FAIL, else 0.
    """
    findings = examine(args.cache)
    print(json.dumps(to_json(findings), indent=2) if args.json else render_table(findings))
    return int(any(finding.status == "FAIL" for finding in findings))


def examine(cache: str | None) -> list[Finding]:
    """Run every check.

    Args:
        cache: Folder of the store; it need not exist. None: the one of a run without `cache=`.

    Returns:
        Findings, from the interpreter up to the plugins; FAIL for a check that fell over itself.
    """

    def check_storage() -> list[Finding]:
        from lightning_synthaug.mixing import default_cache

        return checks.check_storage(default_cache() if cache is None else cache)

    each = (
        checks.check_versions,
        checks.check_devices,
        checks.check_threads,
        checks.check_extras,
        checks.check_albumentations,
        check_storage,
        checks.check_plugins,
    )
    return [finding for check in each for finding in _guarded(check)]


def _guarded(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Run one check; what it falls over is a finding, too, since a doctor is called when things are broken."""
    try:
        return check()
    except Exception as error:
        subject = check.__name__.removeprefix("check_")
        detail = f"the check fell over: {type(error).__name__}: {error}"
        return [fail(subject, detail, repair=f"Look into what the {subject} check looks at.")]
