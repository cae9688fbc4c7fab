"""`synthaug generate`: fill a cache with exactly what a run will ask for, before it or on other machines."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import ConfigError, GeneratorError, SynthAugError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.cli.generating.demand import Demand
    from lightning_synthaug.filling import Filled, Open, SourceFiller

__all__ = ["add_parser", "run"]

_LOADER = """\
import path "module:name" of the run's train DataLoader or LightningDataModule, or of a
function or class that makes one without arguments; looked for in the current folder, too
"""
_EPILOG = """\
The configuration is the one that the run has (SynthAug.from_config, LIGHTNING_SYNTHAUG_CONFIG). What is in
the cache already is not made again: interrupt and start the command as you like.

examples:
  synthaug generate --config synthaug.yaml --loader project.data:Digits --epochs 30 --dry-run
  synthaug generate --config synthaug.yaml --loader project.data:train_loader --epochs 30 --world 4
  synthaug generate --config synthaug.yaml --loader project.data:Digits --batches 2000 --engine ray
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "generate",
        help="fill a cache with what a run will ask for",
        description="Make the samples that a run will ask its generators for, and keep them in its cache.",
        epilog=_EPILOG,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="configuration of the run, YAML")
    add("--loader", required=True, metavar="WHAT", help=_LOADER)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--epochs", type=int, metavar="N", help="length of the run in epochs")
    length.add_argument("--batches", type=int, metavar="N", help="length of the run in batches")
    add("--world", type=int, default=1, metavar="N", help="ranks that train together (default: 1)")
    add("--max-samples", type=int, metavar="N", help="make at most N samples now")
    add("--max-hours", type=float, metavar="H", help="make samples for at most H hours now")
    add(
        "--engine",
        choices=["here", "ray"],
        default="here",
        help="here: in this process (default); ray: on a Ray cluster, see --actors",
    )
    add("--actors", type=int, metavar="N", help="generators on the cluster (default: one a GPU)")
    add(
        "--publish",
        metavar="URL",
        help="afterwards, copy the shards to an address that fsspec knows",
    )
    add("--dry-run", action="store_true", help="only tell what would be made, its size and time")
    add("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Fill the cache, or tell what that would take.

    Args:
        args: The options above.

    Returns:
        0 when everything is in the cache, or with `--dry-run`; 1 when a limit left something to make.

    Raises:
        SynthAugError: The configuration, the loader or an option does not fit; what was made before stays.
    """
    from lightning_synthaug.cli.generating.demand import Demand
    from lightning_synthaug.cli.generating.options import SynthAug
    from lightning_synthaug.cli.generating.project import read_loader

    for name in ("epochs", "batches", "world", "max_samples", "max_hours", "actors"):
        value = getattr(args, name)
        if value is not None and not 0 < value < math.inf:
            raise ConfigError("SA805", f"`{name}` must be above 0, got {value}. Correct it.")
    if args.actors is not None and args.engine != "ray":
        raise ConfigError("SA805", "`actors` must come with --engine ray, got another engine.")
    with contextlib.redirect_stdout(sys.stderr):  # of what the user's code prints
        loader = read_loader(args.loader)  # from then on modules in the current folder are found
        demand = Demand(
            SynthAug.from_config(args.config).recipe,
            loader,
            world=args.world,
            epochs=args.epochs,
            batches=args.batches,
        )
        try:
            rows, left = _told(demand) if args.dry_run else _made(demand, args)
        finally:
            demand.mixture.close()
    if args.publish and not args.dry_run:
        from lightning_synthaug.cli.caching.remote import publish

        publish(demand.mixture.folder, args.publish)
    if args.json:
        print(json.dumps({"cache": str(demand.mixture.folder), "sources": rows}, indent=2))
    else:
        _print(rows, str(demand.mixture.folder))
    return 1 if left else 0


def _told(demand: Demand) -> tuple[list[dict[str, Any]], int]:
    """Tell what would be made."""
    from lightning_synthaug.cli.generating.estimate import estimate
    from lightning_synthaug.mixing.options import choose_device

    rows = []
    for source, wanted, missing in demand.sources():
        device = choose_device(demand.mixture.recipe.device)
        with _named(source, missing):
            size, seconds = estimate(source.needs.generator, missing, device=device)
        rows.append(
            {
                "source": source.name,
                "wanted": wanted,
                "in_cache": wanted - len(missing),
                "to_make": len(missing),
                "bytes": size,
                "hours": seconds / 3600,
            }
        )
    return rows, 0


def _made(demand: Demand, args: argparse.Namespace) -> tuple[list[dict[str, Any]], int]:
    """Make what is missing, up to the limits."""
    from lightning_synthaug.filling import Limits

    limits = Limits(args.max_samples, None if args.max_hours is None else 3600 * args.max_hours)
    rows, left = [], 0
    for source, wanted, missing in demand.sources():
        filled: Filled
        with _named(source, missing):
            if args.engine == "ray":
                from lightning_synthaug.filling.cluster import fill_on_ray

                filled = fill_on_ray(source, missing, actors=args.actors, limits=limits)
            else:
                filled = source.fill(missing, limits=limits)
        rest = len(missing) - filled.generated - filled.given_up
        left += rest
        if filled.put_off:
            print(f"{source.name}: no more for now ({filled.reason})", file=sys.stderr)
        rows.append(
            {
                "source": source.name,
                "wanted": wanted,
                "in_cache": wanted - len(missing),
                "made": filled.generated,
                "given_up": filled.given_up,
                "left": rest,
                "hours": filled.seconds / 3600,
            }
        )
    return rows, left


@contextlib.contextmanager
def _named(source: SourceFiller, missing: Sequence[Open]) -> Iterator[None]:
    """Name the source and the request at which the user's code failed."""
    try:
        yield
    except SynthAugError:
        raise
    except Exception as error:  # the user's own code may raise anything; the cause is kept
        where = traceback.extract_tb(error.__traceback__)[-1]
        asked = source.maker.asked or missing[0].request
        raise GeneratorError(
            "SA838",
            f"Source {source.name!r} must make what it is asked for, got {type(error).__name__}: {error} "
            f"({Path(where.filename).name}, line {where.lineno}) in the batch that begins with label {asked.label}, "
            f"number {asked.number}, seed {asked.seed}. Correct the generator; what was made before is kept.",
        ) from error


def _print(rows: list[dict[str, Any]], folder: str) -> None:
    """Print a table."""
    from lightning_synthaug.filling.say import human_bytes, human_time

    print(f"cache: {folder}")
    shown = [
        {"source": row["source"]}
        | {k.replace("_", " "): f"{v:,}" for k, v in row.items() if type(v) is int}
        | ({"bytes": human_bytes(row["bytes"])} if "bytes" in row else {})
        | {"time": human_time(3600 * row["hours"])}
        for row in rows
    ]
    for cells in [dict(zip(shown[0], shown[0], strict=True)), *shown]:
        first, *others = cells.values()
        print(first.ljust(max(len(row["source"]) for row in [*shown, cells])), end="")
        print(*(text.rjust(10) for text in others))
