"""Whether each generator and gate that a distribution offers by entry point can be loaded."""

from __future__ import annotations

from collections import Counter
from importlib import metadata

from lightning_synthaug.cli.checks.finding import Finding, fail, ok, warn
from lightning_synthaug.errors import install_hint
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators import registry as generators
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.generators.gates import registry as gates

__all__ = ["check_plugins"]


def check_plugins() -> list[Finding]:
    """Load each entry point of the groups of generators and gates.

    Returns:
        One finding an entry point, naming the distribution that offers it (FAIL where it does not load or is not what
        its group is for); one for each name that several distributions claim; one alone for a group without any.
    """
    kinds: tuple[tuple[type, str], ...] = ((Generator, generators.GROUP), (Gate, gates.GROUP))
    return [finding for base, group in kinds for finding in _check(base, group)]


def _check(base: type, group: str) -> list[Finding]:
    """Look at one group."""
    kind = base.__name__.lower()
    points = sorted(metadata.entry_points(group=group), key=lambda point: point.name)
    if not points:
        detail = f"no entry point in the group {group}: not even the built-in ones"
        return [warn(f"{kind}s", detail, repair=install_hint())]
    findings = [_load(point, base) for point in points]
    for name, times in Counter(point.name for point in points).items():
        if times > 1:
            owners = ", ".join(_owner(point) for point in points if point.name == name)
            repair = "Uninstall all but one of them."
            findings.append(warn(f"{kind} {name}", f"claimed by {owners}", repair=repair))
    return findings


def _load(point: metadata.EntryPoint, base: type) -> Finding:
    """Import what an entry point names."""
    subject, owner = f"{base.__name__.lower()} {point.name}", _owner(point)
    repair = f"Upgrade or uninstall {owner.split()[0]}."
    try:
        found = point.load()
    except Exception as error:  # a plugin may raise anything; naming it is the point
        detail = f"{point.value} of {owner} does not load: {type(error).__name__}: {error}"
        return fail(subject, detail, repair=repair)
    if not (isinstance(found, type) and issubclass(found, base)):
        detail = f"{point.value} of {owner} is no subclass of {base.__module__}.{base.__name__}"
        return fail(subject, detail, repair=repair)
    return ok(subject, f"{point.value} of {owner}")


def _owner(point: metadata.EntryPoint) -> str:
    """Name and version of the distribution behind an entry point."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed distribution"
