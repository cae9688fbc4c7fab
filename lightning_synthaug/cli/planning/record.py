"""A ledger as tables and as plain values: what a run really saw."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np

from lightning_synthaug.cli._words import many, table
from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.mixing import CAUSES, Ledger

__all__ = ["check_span", "record_json", "render_record", "row_json"]

#: Most rows that are listed at once.
_MOST: Final = 100_000


def check_span(ledger: Ledger, span: tuple[int, int]) -> range:
    """Choose the batches whose rows are listed.

    Args:
        ledger: The ledger.
        span: The first, and the one after the last.

    Returns:
        Those of them that are recorded, with what is between.

    Raises:
        ConfigError: They are too many, or none of them is recorded (SA821).
    """
    first, stop = span
    there = [range(max(first, a), min(stop, b)) for a, b in ledger.spans]
    there = [part for part in there if part]
    if not there or ledger.sums(first, stop).rows > _MOST:
        recorded = ", ".join(f"{a} to {b - 1}" for a, b in ledger.spans[:10]) or "none"
        raise ConfigError(
            "SA821",
            f"`--batches` must name batches that are recorded ({recorded}) and hold {_MOST:,} rows at most, got "
            f"{first}:{stop}. Write --batches 300 for one, --batches 300:310 for ten.",
        )
    return range(there[0].start, there[-1].stop)


def render_record(ledger: Ledger, span: range | None, rank: int | None) -> str:
    """Show what a run saw.

    Args:
        ledger: The ledger.
        span: Batches whose rows are listed; None: none.
        rank: Whose rows; None: those of all.

    Returns:
        Lines.
    """
    parts = [_title(ledger), "", *_sums(ledger), *_made(ledger), *_notes(ledger)]
    if span is not None:
        parts += ["", _rows(ledger, span, rank)]
    return "\n".join(parts)


def record_json(ledger: Ledger, span: range | None, rank: int | None) -> dict[str, Any]:
    """Write out what a run saw as plain values.

    Args:
        ledger: The ledger.
        span: Batches whose rows are listed; None: none.
        rank: Whose rows; None: those of all.

    Returns:
        Sums, and `listed` where rows are listed.
    """
    sums, made = ledger.sums(), ledger.made
    told: dict[str, Any] = {
        "batches": sums.batches,
        "recorded": [list(part) for part in ledger.spans],
        "rows": sums.rows,
        "sources": {
            name: {"planned": s.planned, "served": s.served, "substituted": s.substituted}
            for name, s in sums.sources.items()
        },
        "made": {name: counted._asdict() for name, counted in made.items()},
        "plans": [
            {"batch": h.batch, "fingerprint": h.fingerprint, "versions": h.line.get("versions")}
            for h in ledger.heads
        ],
        "absent_ranks": ledger.absent,
        "damaged_lines": ledger.damaged,
    }
    if span is not None:
        told["listed"] = [row for n in span for row in row_json(ledger, n, rank)]
    return told


def row_json(ledger: Ledger, number: int, rank: int | None) -> Iterator[dict[str, Any]]:
    """Write out the rows of a batch; where these do not follow from its plan, its sums by source.

    Args:
        ledger: The ledger.
        number: Batches before it.
        rank: Whose rows; None: those of all.

    Yields:
        One object a row, in the order of their slots, or one a source.
    """
    try:
        witnessed = ledger.served(number)
    except PlanError:
        for name, s in ledger.sums(number, number + 1).sources.items():
            lost = {cause: count for cause, count in s.substituted.items() if count}
            yield {"batch": number, "source": name, "planned": s.planned, "served": s.served} | lost
        return
    if witnessed is None:
        return
    names = ["real", *_names(ledger, number)]
    planned = witnessed.planned
    mine = np.arange(len(planned)) if rank is None else np.flatnonzero(witnessed.rank == rank)
    for i in mine.tolist():
        source, code = int(planned.source[i]), int(witnessed.codes[i])
        yield {
            "batch": number,
            "slot": planned.start + i,
            "rank": int(witnessed.rank[i]),
            "source": names[source] if source < len(names) else f"source {source}",
            "sample": int(planned.index[i]),
            "label": int(planned.label[i]),
            "twin": int(planned.twin[i]),
            "served": None if code < 0 else code == 0,
            "cause": CAUSES[code - 1] if code > 0 else None,
        }


def _title(ledger: Ledger) -> str:
    """Say what run it was."""
    sums, heads = ledger.sums(), ledger.heads
    ranks = (
        f"{' or '.join(map(str, ledger.worlds)) or 'no'} rank{'' if ledger.worlds == [1] else 's'}"
    )
    told = heads[-1].fingerprint if heads else {}
    seed, ratio = told.get("seed", "unknown"), told.get("ratio", "unknown")
    return (
        f"{many(sums.batches, 'batch')} on {ranks}, {many(sums.rows, 'row')}, seed {_safe(seed)}\n"
        f"ratio: {_safe(ratio)}"
    )


def _sums(ledger: Ledger) -> list[str]:
    """Show what became of what was planned."""
    body = [
        [_safe(name), f"{s.planned:,}", f"{s.served:,}", *(f"{s.substituted[c]:,}" for c in CAUSES)]
        for name, s in ledger.sums().sources.items()
    ]
    return [table(["source", "planned", "served", *CAUSES], body, left=(0,))]


def _made(ledger: Ledger) -> list[str]:
    """Show what was asked of generators, and why samples were turned down."""
    made = ledger.made
    if not made:
        return []
    body = [
        [_safe(name), f"{c.asked:,}", f"{c.made:,}", f"{sum(c.rejected.values()):,}"]
        for name, c in made.items()
    ]
    lines = ["", table(["source", "asked", "made", "turned down"], body, left=(0,))]
    for name, counted in made.items():
        worst = sorted(counted.rejected.items(), key=lambda pair: -pair[1])
        lines += [f"  {_safe(name)}: {count:,} x {_safe(reason)}" for reason, count in worst]
    return lines


def _notes(ledger: Ledger) -> list[str]:
    """Say what the sums are not of."""
    notes = []
    later = [str(head.batch) for head in ledger.heads[1:]]
    if later:
        notes.append(f"A run was resumed, or planned anew, at batch {', '.join(later[:20])}.")
    spans = ledger.spans
    gaps = [(a, b) for (_, a), (b, _) in pairwise(spans)]
    if spans and spans[0][0]:
        gaps.insert(0, (0, spans[0][0]))
    notes += [f"Batches {a:,} to {b - 1:,} are not recorded." for a, b in gaps[:20]]
    if ledger.absent:
        absent = ", ".join(map(str, ledger.absent[:20]))
        notes.append(f"Sums are without ranks that are not recorded: {absent}.")
    if ledger.damaged:
        notes.append(f"{many(ledger.damaged, 'line')} could not be read and were left out.")
    return ["", *notes] if notes else []


def _rows(ledger: Ledger, span: range, rank: int | None) -> str:
    """List rows; where these do not follow from a plan, sums."""
    rows = [row for number in span for row in row_json(ledger, number, rank)]
    listed = [[f"{r[k]:,}" for k in _NUMBERS] + _words(r) for r in rows if "slot" in r]
    summed = [[f"{r['batch']:,}", _safe(r["source"]), *_counts(r)] for r in rows if "slot" not in r]
    tables = []
    if listed:
        head = [*_NUMBERS, "source", "sample", "label", "served"]
        tables.append(table(head, listed, left=(3, 6)))
    if summed:
        tables.append(table(["batch", "source", "planned", "served", *CAUSES], summed, left=(1,)))
    return "\n\n".join(tables)


def _counts(row: dict[str, Any]) -> list[str]:
    """Write out the sums of a source in a batch."""
    return [f"{row.get(name, 0):,}" for name in ("planned", "served", *CAUSES)]


_NUMBERS: Final = ("batch", "slot", "rank")


def _words(row: dict[str, Any]) -> list[str]:
    """Write out who is in a row, and who was served."""
    sample = "" if row["sample"] < 0 else f"{row['sample']:,}"
    label = "" if row["label"] < 0 else str(row["label"])
    served = "as planned"
    if row["served"] is None:
        served = "not recorded"
    elif not row["served"]:
        served = f"real {row['twin']:,} ({row['cause']})"
    return [_safe(row["source"]), sample, label, served]


def _names(ledger: Ledger, number: int) -> tuple[str, ...]:
    """Name the sources of a batch."""
    head = ledger.head(number)
    return () if head is None else head.names


def _safe(text: object) -> str:
    """Show a text of a file without letting it speak to the terminal."""
    shown = str(text)[:200]
    return shown if shown.isprintable() else ascii(shown)[1:-1]
