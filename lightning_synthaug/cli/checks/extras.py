"""Which of the package's extras are complete, read from the installed metadata."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata

from lightning_synthaug.cli.checks.finding import Finding, ok, warn
from lightning_synthaug.cli.checks.installed import installed_versions
from lightning_synthaug.errors import install_hint

__all__ = ["DISTRIBUTION", "check_extras", "extras_of", "judge_extra"]

DISTRIBUTION = "lightning-synthaug"

_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)(?P<rest>[^;]*);.*extra == ['\"](?P<extra>[^'\"]+)['\"]"
)
_GROUPS = ("all", "dev")  # sums of the others, or for contributors


def check_extras() -> list[Finding]:
    """Look at each extra: complete, partly there, or absent.

    Returns:
        One finding an extra; a single one when the package is not installed at all.
    """
    try:
        requires = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        detail = "the package runs from source: its entry points cannot be found"
        return [warn("extras", detail, repair=install_hint())]
    return [judge_extra(extra, names) for extra, names in extras_of(requires).items()]


def extras_of(requires: Sequence[str]) -> dict[str, list[str]]:
    """Group the requirement lines of a distribution by extra.

    Args:
        requires: Lines as in a distribution's metadata.

    Returns:
        Names of distributions by extra, without this package itself and without `all` and `dev`.

    Example:
        >>> extras_of(["numpy>=1.26", 'pillow>=10; extra == "images"'])
        {'images': ['pillow']}
    """
    extras: dict[str, list[str]] = {}
    for line in requires:
        match = _REQUIREMENT.match(line)
        if match is None or match["extra"] in _GROUPS or match["name"] == DISTRIBUTION:
            continue
        extras.setdefault(match["extra"], []).append(match["name"])
    return extras


def judge_extra(extra: str, names: Sequence[str]) -> Finding:
    """Say how much of an extra is installed.

    Args:
        extra: Its name, for example `"images"`.
        names: Distributions that it asks for.

    Returns:
        OK when all or none of them are there (an extra is optional), WARN when some are.

    Example:
        >>> judge_extra("images", ["numpy", "no-such-distribution"]).status
        'WARN'
    """
    subject, repair = f"extra {extra}", install_hint(extra)
    versions = installed_versions(*names)
    missing = [name for name in names if name not in versions]
    if not missing:
        return ok(subject, ", ".join(f"{name} {version}" for name, version in versions.items()))
    if len(missing) == len(names):
        return ok(subject, f"not installed (optional): {repair}")
    return warn(subject, f"incomplete, without {', '.join(missing)}", repair=repair)
