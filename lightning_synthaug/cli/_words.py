"""Tables and counts for people."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["many", "table"]


def many(count: int, what: str) -> str:
    """Write a count and its noun.

    Example:
        >>> many(1, "batch"), many(2000, "batch")
        ('1 batch', '2,000 batches')
    """
    plural = "" if count == 1 else "es" if what.endswith("ch") else "s"
    return f"{count:,} {what}{plural}"


def table(head: Sequence[str], body: Sequence[Sequence[str]], *, left: Sequence[int] = ()) -> str:
    """Align columns, to the right but for those in `left`.

    Args:
        head: Titles.
        body: Lines of as many cells.
        left: Columns that are aligned to the left.

    Returns:
        Lines without trailing blanks.

    Example:
        >>> print(table(["name", "count"], [["real", "1,000"]], left=[0]))
        name  count
        real  1,000
    """
    lines = [list(head), *(list(row) for row in body)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
