"""The result of one check: a status, what was seen, and how to repair it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, final

__all__ = ["Finding", "Status", "count", "fail", "ok", "render_table", "to_json", "warn"]

Status = Literal["OK", "WARN", "FAIL"]
"""OK: nothing to do. WARN: works, with a drawback. FAIL: does not work until it is repaired."""


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw.

    Attributes:
        subject: What was looked at, a few words.
        status: How bad it is.
        detail: What was seen.
        repair: What to do, as a command or a sentence; empty when there is nothing to do.
    """

    subject: str
    status: Status
    detail: str
    repair: str = ""


def ok(subject: str, detail: str) -> Finding:
    """Say that a subject needs nothing."""
    return Finding(subject, "OK", detail)


def warn(subject: str, detail: str, *, repair: str) -> Finding:
    """Say that a subject works, with a drawback that `repair` removes."""
    return Finding(subject, "WARN", detail, repair)


def fail(subject: str, detail: str, *, repair: str) -> Finding:
    """Say that a subject does not work until `repair` is done."""
    return Finding(subject, "FAIL", detail, repair)


def render_table(findings: Sequence[Finding]) -> str:
    """Lay findings out as an aligned table, each repair on the line below its finding.

    Args:
        findings: In the order to show.

    Returns:
        Lines without a trailing newline; the last one counts the statuses.

    Example:
        >>> low = warn("disk", "1 GB free", repair="Make room.")
        >>> print(render_table([ok("numpy", "2.1.0"), low]))
        OK    numpy  2.1.0
        WARN  disk   1 GB free
                     -> Make room.
        1 OK, 1 WARN, 0 FAIL
    """
    width = max((len(finding.subject) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.status:<4}  {finding.subject:<{width}}  {finding.detail}")
        if finding.repair:
            lines.append(f"{'':<4}  {'':<{width}}  -> {finding.repair}")
    lines.append(", ".join(f"{n} {status}" for status, n in count(findings).items()))
    return "\n".join(lines)


def to_json(findings: Sequence[Finding]) -> dict[str, object]:
    """Describe findings as plain values, for `--json`.

    Args:
        findings: In the order to show.

    Returns:
        `{"counts": {"OK": n, ...}, "findings": [{"subject": ..., "status": ..., ...}, ...]}`.

    Example:
        >>> to_json([ok("numpy", "2.1.0")])["counts"]
        {'OK': 1, 'WARN': 0, 'FAIL': 0}
    """
    return {"counts": count(findings), "findings": [asdict(finding) for finding in findings]}


def count(findings: Sequence[Finding]) -> dict[Status, int]:
    """Count findings by status; every status is present.

    Args:
        findings: Any number of them.

    Returns:
        Number by status, >= 0, from good to bad.

    Example:
        >>> count([ok("numpy", "2.1.0")])
        {'OK': 1, 'WARN': 0, 'FAIL': 0}
    """
    statuses: tuple[Status, ...] = ("OK", "WARN", "FAIL")
    return {status: sum(f.status == status for f in findings) for status in statuses}
