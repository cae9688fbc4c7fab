"""`synthaug cache export`: samples as files that other programs read."""

from __future__ import annotations

import argparse
from pathlib import Path

from lightning_synthaug.cli._words import many
from lightning_synthaug.cli.caching.folder import add_folder, opened, progress

__all__ = ["add_parsers", "export"]

_FORMATS = ("folders", "webdataset", "parquet")  # as in `exports.FORMATS`, which is dear to import


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parser of this command.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "export",
        help="write all samples as folders of images, WebDataset tars or Parquet",
        description="Write all samples, with the provenance of each, into a new folder.",
    )
    add_folder(parser)
    parser.add_argument("--to", required=True, choices=_FORMATS, help="what to write")
    parser.add_argument("--out", required=True, type=Path, metavar="DEST", help="folder to make")
    parser.set_defaults(act=export)


def export(args: argparse.Namespace) -> int:
    """Write all samples.

    Args:
        args: `folder`, `to` and `out`.

    Returns:
        1 when samples were damaged and left out, else 0.
    """
    from lightning_synthaug.cli import exports

    with opened(args.folder) as store, progress(store.stats().samples, "sample") as advance:
        done = exports.export(store, args.out.expanduser(), to=args.to, progress=advance)
    print(f"{many(done.samples, 'sample')} in {args.out}.")
    if done.damaged:
        print(f"{many(done.damaged, 'damaged sample')} left out.")
    return int(done.damaged > 0)
