"""Samples counted by what made them, by label and by age; verdicts by gate."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final, NamedTuple, final

from lightning_synthaug.store import StoredSample

__all__ = ["Group", "Summary", "summarise", "to_json"]

_AGES: Final = (("last day", 1), ("last week", 7), ("last 30 days", 30), ("older", None))
_DAY: Final = 86_400 * 10**9


@final
@dataclass(slots=True)
class Group:
    """Samples that have something in common.

    Attributes:
        name: What they have in common.
        samples: How many there are.
        bytes: Their rows, without keys and provenance. Bytes.
        labels: Distinct labels asked for, None among them where none was.
        oldest: When the first was stored. Nanoseconds since 1970.
        newest: When the last was stored. Nanoseconds since 1970.
    """

    name: str
    samples: int = 0
    bytes: int = 0
    labels: set[int | str | None] = field(default_factory=set)
    oldest: int = 0
    newest: int = 0

    def add(self, sample: StoredSample) -> None:
        """Count a sample."""
        self.oldest = min(self.oldest, sample.at) if self.samples else sample.at
        self.newest = max(self.newest, sample.at)
        self.samples += 1
        self.bytes += sample.size
        self.labels.add(sample.label)


class Summary(NamedTuple):
    """Samples counted in three ways.

    Attributes:
        generators: By the name of their generator, in the order of the names.
        labels: By the label asked for: numbers, then names, then those without one.
        ages: By how long ago they were stored, the youngest first.
    """

    generators: list[Group]
    labels: list[Group]
    ages: list[Group]


def summarise(samples: Iterable[StoredSample], *, now: int | None = None) -> Summary:
    """Count samples in one pass, keeping none of them.

    Args:
        samples: The samples.
        now: Nanoseconds since 1970; default the clock's.

    Returns:
        Groups that are not empty.
    """
    at = time.time_ns() if now is None else now
    generators: dict[str, Group] = {}
    labels: dict[int | str | None, Group] = {}
    ages: dict[str, Group] = {}
    for sample in samples:
        _group(generators, sample.generator).add(sample)
        _group(labels, sample.label).add(sample)
        _group(ages, _age(at - sample.at)).add(sample)
    return Summary(
        [generators[name] for name in sorted(generators)],
        [labels[label] for label in sorted(labels, key=_label_order)],
        [ages[name] for name, _ in _AGES if name in ages],
    )


def to_json(group: Group) -> dict[str, Any]:
    """Write a group out as plain values; times as ISO 8601 in UTC."""
    return {
        "name": group.name,
        "samples": group.samples,
        "bytes": group.bytes,
        "labels": sorted(group.labels, key=_label_order),
        "oldest": _iso(group.oldest),
        "newest": _iso(group.newest),
    }


def _group(groups: dict[Any, Group], name: int | str | None) -> Group:
    """Find a group, or begin it."""
    if name not in groups:
        groups[name] = Group("(none)" if name is None else str(name))
    return groups[name]


def _age(age: int) -> str:
    """Name the time since a sample was stored."""
    return next(name for name, days in _AGES if days is None or age < days * _DAY)


def _label_order(label: int | str | None) -> tuple[bool, bool, int | str]:
    """Order labels of several types."""
    return label is None, isinstance(label, str), "" if label is None else label


def _iso(at: int) -> str:
    """Write a time for programs."""
    return datetime.fromtimestamp(at // 10**9, timezone.utc).isoformat()
