"""Previews as tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from lightning_synthaug.cli._words import many, table
from lightning_synthaug.cli.planning.composition import COUNTED_SLOTS, Preview, StepView, Tenth

__all__ = ["render_header", "render_step", "render_summary"]


def render_header(preview: Preview) -> str:
    """Say what run is shown.

    Args:
        preview: The run.

    Returns:
        Two lines, and a third where the run ends before its schedule does.
    """
    epoch = preview.epoch
    each = epoch.batch_size // epoch.world
    ranks = f"{each:,}" if epoch.world == 1 else f"{epoch.batch_size:,} ({epoch.world} x {each:,})"
    late = ""
    if preview.unreached is not None:
        late = (
            f"\nNote: the run ends after {preview.plan.slot(preview.batches):,} rows, before its schedule has run its "
            f"course at row {preview.unreached:,}."
        )
    return (
        f"{many(epoch.samples, 'real sample')}, batch {ranks}, {many(epoch.batches, 'batch')} an epoch, "
        f"{preview.batches:,} in all, seed {preview.plan.seed}\nratio: {preview.schedule}{late}"
    )


def render_summary(preview: Preview) -> str:
    """Show the run by tenths, and what it asks the sources for.

    Args:
        preview: The run.

    Returns:
        A table, then a line a source.
    """
    names = preview.names if len(preview.names) > 1 else []
    head = ["steps", "rows", "ratio", "synthetic", "share", *names]
    body = [_tenth_cells(part, names) for part in preview.tenths()]
    body.append(["all", *_tenth_cells(preview.total(), names)[1:]])
    return "\n".join([table(head, body), "", *_distinct_lines(preview)])


def render_step(preview: Preview, view: StepView, rank: int | None) -> str:
    """Show one global batch: the share of each rank, and a rank's rows if asked for.

    Args:
        preview: The run.
        view: The batch.
        rank: Whose rows to list, or None.

    Returns:
        A title and one or two tables.
    """
    planned = view.planned
    title = (
        f"step {view.step:,} (epoch {view.epoch:,}, batch {view.batch:,} of "
        f"{preview.epoch.batches:,}, from 0): slots {planned.start:,} to "
        f"{planned.start + len(planned) - 1:,}, ratio {view.ratio:.4f}"
    )
    head = ["rank", "rows", "real", *preview.names]
    body = [[str(r), *_counts(row)] for r, row in enumerate(view.counts.tolist())]
    if preview.epoch.world > 1:
        body.append(["all", *_counts(view.counts.sum(axis=0).tolist())])
    parts = [title, table(head, body)]
    if rank is not None:
        parts += ["", f"rows of rank {rank}:", _rows_table(preview, view, rank)]
    return "\n".join(parts)


def _rows_table(preview: Preview, view: StepView, rank: int) -> str:
    """List a rank's rows: a real sample's index, or which sample a source is asked for."""
    names = ["real", *preview.names]
    mine = preview.rows(view.planned, rank)
    rows = view.planned.where(mine)
    body = []
    for at, (source, index, twin, version) in enumerate(
        zip(*(a.tolist() for a in (rows.source, rows.index, rows.twin, rows.version)), strict=True)
    ):
        made = [f"{twin:,}", f"{version:,}"] if source else ["", ""]
        slot = view.planned.start + int(mine[at])
        body.append([str(at), f"{slot:,}", names[source], f"{index:,}", *made])
    return table(["row", "slot", "source", "sample", "twin", "version"], body, left=(2,))


def _tenth_cells(part: Tenth, names: Sequence[str]) -> list[str]:
    """Write out one part of the run."""
    low, high = part.ratio
    steps = f"{part.first:,}" if part.first == part.last else f"{part.first:,} to {part.last:,}"
    ratio = f"{low:.3f}" if abs(high - low) < 5e-4 else f"{low:.3f} to {high:.3f}"
    total = sum(part.synthetic.values())
    each = [f"{part.synthetic[name]:,}" for name in names]
    return [steps, f"{part.slots:,}", ratio, f"{total:,}", f"{part.share:.2%}", *each]


def _distinct_lines(preview: Preview) -> list[str]:
    """Say how many samples each source has to make."""
    if preview.distinct is None:
        return [
            f"Distinct samples are not counted in runs of more than {COUNTED_SLOTS:,} rows.",
        ]
    total = preview.total().synthetic
    return [
        f"{name}: {count:,} distinct samples for {total[name]:,} rows"
        for name, count in preview.distinct.items()
    ]


def _counts(row: Sequence[int]) -> list[str]:
    """Write out the sum of some counts, then the counts."""
    return [f"{sum(row):,}", *(f"{count:,}" for count in row)]
