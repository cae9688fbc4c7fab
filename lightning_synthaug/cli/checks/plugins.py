"""Whether each generator that a distribution offers by entry point can be loaded."""

from __future__ import annotations

from collections import Counter
from importlib import metadata

from lightning_synthaug.cli.checks.finding import Finding, fail, ok, warn
from lightning_synthaug.errors import install_hint
from lightning_synthaug.generators import Generator

__all__ = ["GROUP", "check_plugins"]

GROUP = "lightning_synthaug.generators"


def check_plugins() -> list[Finding]:
    """Load each entry point of the generators' group.

    Returns:
        One finding an entry point, naming the distribution that offers it (FAIL where it does not load or is no
        generator); one for each name that several distributions claim; one alone when there are none.
    """
    points = sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name)
    if not points:
        detail = f"no entry point in the group {GROUP}: not even the built-in ones"
        return [warn("generators", detail, repair=install_hint())]
    findings = [_load(point) for point in points]
    for name, times in Counter(point.name for point in points).items():
        if times > 1:
            owners = ", ".join(_owner(point) for point in points if point.name == name)
            repair = "Uninstall all but one of them."
            findings.append(warn(f"generator {name}", f"claimed by {owners}", repair=repair))
    return findings


def _load(point: metadata.EntryPoint) -> Finding:
    """Import what an entry point names."""
    subject, owner = f"generator {point.name}", _owner(point)
    repair = f"Upgrade or uninstall {owner.split()[0]}."
    try:
        found = point.load()
    except Exception as error:  # a plugin may raise anything; naming it is the point
        detail = f"{point.value} of {owner} does not load: {type(error).__name__}: {error}"
        return fail(subject, detail, repair=repair)
    if not (isinstance(found, type) and issubclass(found, Generator)):
        detail = f"{point.value} of {owner} is no subclass of lightning_synthaug.Generator"
        return fail(subject, detail, repair=repair)
    return ok(subject, f"{point.value} of {owner}")


def _owner(point: metadata.EntryPoint) -> str:
    """Name and version of the distribution behind an entry point."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed distribution"
