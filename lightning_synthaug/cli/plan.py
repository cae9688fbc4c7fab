"""`synthaug plan`: what any step of a run will hold, without data and without training; or what a run held."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from lightning_synthaug.cli.planning.texts import RATIO_HELP
from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from lightning_synthaug.cli.planning import Preview, Tenth

__all__ = ["add_parser", "run", "to_json"]

_EPILOG = """\
Without --step: the run by tenths, and how many distinct samples each source has to make.
With --ledger: what a run really saw, as it wrote it down; give it instead of all that describes a run.

examples:
  synthaug plan --samples 50000 --batch-size 128 --epochs 30 --ratio linear:0:0.5:40%
  synthaug plan --samples 50000 --batch-size 128 --world 4 --epochs 30 --ratio 0.3 --step 1000
  synthaug plan --samples 1000 --batch-size 8 --batches 500 --ratio 0.3 --weights para=3,back=1 \\
      --step 7 --rank 0
  synthaug plan --ledger runs/1/ledger --batches 300:310
"""

#: What describes a run, and is not needed where one wrote it down.
_NEEDED = ("samples", "batch_size", "ratio")
_DESCRIBES = (*_NEEDED, "world", "epochs", "drop_last", "weights", "pool", "reuse", "seed", "step")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "plan",
        help="show what any step will hold, without data or training",
        description="Show the composition of a run's batches, without data and without training; or of one that was.",
        epilog=_EPILOG,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    _add_run(parser)
    add = parser.add_argument
    add(
        "--step",
        type=int,
        action="append",
        metavar="N",
        help="show this batch of the run, from 0 over all epochs; repeatable",
    )
    add(
        "--rank",
        type=int,
        metavar="R",
        help="also list the rows of this rank; needs --step, or --ledger and --batches",
    )
    add("--ledger", metavar="PATH", help="show what a run saw: the folder of its ledger")
    add("--json", action="store_true", help="print JSON instead of tables")


def _add_run(parser: argparse.ArgumentParser) -> None:
    """Add what describes the run."""
    add = parser.add_argument
    add("--samples", type=int, metavar="N", help="real samples in the dataset")
    add("--batch-size", type=int, metavar="N", help="batch size of each rank's loader")
    add("--world", type=int, metavar="N", help="ranks that train together (default: 1)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, metavar="N", help="length of the run in epochs")
    length.add_argument(
        "--batches",
        type=_batches,
        metavar="N[:M]",
        help="length of the run in batches; with --ledger, list the rows of batch N, or of those from N up to M",
    )
    add("--drop-last", action="store_true", default=None, help="leave out a short last batch")
    add("--ratio", metavar="RATIO", help=RATIO_HELP)
    add(
        "--weights",
        metavar="NAME=W,...",
        help='several sources and their weights (default: one, called "synthetic")',
    )
    add(
        "--pool",
        type=int,
        metavar="N",
        help="distinct samples kept for each source (default: as many as real ones)",
    )
    add(
        "--reuse",
        type=int,
        metavar="N",
        help="servings after which a sample is replaced by a new one (default: never)",
    )
    add("--seed", type=int, metavar="N", help="run seed (default: 0)")


def _batches(text: str) -> tuple[int, int | None]:
    """Read a number of batches, or from which one up to which."""
    first, colon, stop = text.partition(":")
    try:
        return int(first), int(stop) if colon else None
    except ValueError as error:
        message = f"must be a number N, or N:M with --ledger, got {text!r}"
        raise argparse.ArgumentTypeError(message) from error


def run(args: argparse.Namespace) -> int:
    """Print the composition.

    Args:
        args: The options above.

    Returns:
        0.

    Raises:
        SynthAugError: An option does not fit; nothing is printed.
    """
    if args.ledger is not None:
        return _run_ledger(args)
    from lightning_synthaug.cli import planning

    preview = _preview(args)
    steps: list[int] = args.step or []
    if args.rank is not None and not steps:
        raise ConfigError(
            "SA805", f"`--rank` needs a step, got --rank {args.rank} alone. Add --step N."
        )
    if args.json:
        print(json.dumps(to_json(preview, steps, args.rank), indent=2))
        return 0
    views = [planning.render_step(preview, preview.step(n), args.rank) for n in steps]
    print(planning.render_header(preview))
    print("", "\n\n".join(views or [planning.render_summary(preview)]), sep="\n")
    return 0


def to_json(preview: Preview, steps: list[int], rank: int | None) -> dict[str, Any]:
    """Write a preview out as plain values.

    Args:
        preview: The run.
        steps: Steps to show; none of them for the run by tenths.
        rank: Whose rows to list, or None.

    Returns:
        `run`, and either `steps` or `tenths`, `total` and `distinct`.
    """
    epoch = preview.epoch
    about = {
        "samples": epoch.samples,
        "global_batch": epoch.batch_size,
        "world": epoch.world,
        "epoch_batches": epoch.batches,
        "batches": preview.batches,
        "ratio": str(preview.schedule),
        "sources": preview.names,
        "seed": preview.plan.seed,
        "unreached": preview.unreached,
    }
    if steps:
        return {"run": about, "steps": [_step_json(preview, n, rank) for n in steps]}
    return {
        "run": about,
        "tenths": [_part_json(part) for part in preview.tenths()],
        "total": _part_json(preview.total()),
        "distinct": preview.distinct,
    }


def _preview(args: argparse.Namespace) -> Preview:
    """Build the preview that the options describe."""
    missing = [_option(name) for name in _NEEDED if getattr(args, name) is None]
    if args.epochs is None and args.batches is None:
        missing.append("--epochs or --batches")
    if missing:
        raise ConfigError(
            "SA820",
            f"`synthaug plan` needs a run to show, got one without {', '.join(missing)}. Describe it, for example "
            "--samples 50000 --batch-size 128 --epochs 30 --ratio 0.3, or name what one wrote down: --ledger PATH.",
        )
    batches, stop = args.batches or (None, None)
    if stop is not None:
        raise ConfigError(
            "SA820",
            f"`--batches` must be the length of the run, got {batches}:{stop} without --ledger. For a batch of a run "
            "that is planned use --step.",
        )
    from lightning_synthaug.cli.planning import Preview, parse_ratio, parse_weights

    return Preview(
        args.samples,
        parse_ratio(args.ratio),
        batch_size=args.batch_size,
        world=1 if args.world is None else args.world,
        epochs=args.epochs,
        batches=batches,
        drop_last=bool(args.drop_last),
        weights=None if args.weights is None else parse_weights(args.weights),
        pool=args.pool,
        reuse=args.reuse,
        seed=args.seed or 0,
    )


def _run_ledger(args: argparse.Namespace) -> int:
    """Print what a run saw."""
    given = [_option(name) for name in _DESCRIBES if getattr(args, name) is not None]
    if given:
        raise ConfigError(
            "SA820",
            f"`--ledger` needs nothing that describes a run, got {', '.join(given)} besides. The ledger tells them; "
            "choose batches with --batches.",
        )
    if args.rank is not None and args.batches is None:
        raise ConfigError(
            "SA821",
            f"`--rank` needs batches whose rows are listed, got --rank {args.rank} alone. Add --batches N:M.",
        )
    from lightning_synthaug.cli.planning.record import check_span, record_json, render_record
    from lightning_synthaug.mixing import Ledger

    ledger, span = Ledger.read(args.ledger), None
    if args.batches is not None:
        first, stop = args.batches
        span = check_span(ledger, (first, first + 1 if stop is None else stop))
    if args.json:
        print(json.dumps(record_json(ledger, span, args.rank), indent=2))
    else:
        print(render_record(ledger, span, args.rank))
    return 0


def _option(name: str) -> str:
    """Spell an option as it is typed."""
    return f"--{name.replace('_', '-')}"


def _step_json(preview: Preview, number: int, rank: int | None) -> dict[str, Any]:
    """Write out one step."""
    view = preview.step(number)
    names = ["real", *preview.names]
    ranks = [dict(zip(names, row, strict=True)) for row in view.counts.tolist()]
    step: dict[str, Any] = {
        "step": view.step,
        "epoch": view.epoch,
        "batch": view.batch,
        "first_slot": view.planned.start,
        "ratio": view.ratio,
        "counts": dict(zip(names, view.counts.sum(axis=0).tolist(), strict=True)),
        "ranks": ranks,
    }
    if rank is not None:
        mine = preview.rows(view.planned, rank)
        rows = view.planned.where(mine)
        step["rows"] = {
            "rank": rank,
            "slot": (mine + view.planned.start).tolist(),
            "source": [names[s] for s in rows.source.tolist()],
            "sample": rows.index.tolist(),
            "twin": rows.twin.tolist(),
            "version": rows.version.tolist(),
        }
    return step


def _part_json(part: Tenth) -> dict[str, Any]:
    """Write out a part of the run."""
    return {
        "first_step": part.first,
        "last_step": part.last,
        "rows": part.slots,
        "ratio": list(part.ratio),
        "synthetic": part.synthetic,
        "share": part.share,
    }
