"""`synthaug cache import`: take samples back from files."""

from __future__ import annotations

import argparse
from pathlib import Path

from lightning_synthaug.cli._words import many
from lightning_synthaug.cli.caching.folder import add_folder, cache_folder, progress

__all__ = ["add_parsers", "import_"]


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parser of this command.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "import",
        help="take samples back from what `export` wrote",
        description="Store the samples of an export, in any of its formats, under the keys that they had.",
        epilog="Exit status: 0 when all was taken in, 1 when something was no sample.",
    )
    add_folder(parser)
    parser.add_argument(
        "--from",
        dest="source",
        required=True,
        type=Path,
        metavar="SRC",
        help="folder of the export",
    )
    parser.set_defaults(act=import_)


def import_(args: argparse.Namespace) -> int:
    """Store the samples of an export.

    Args:
        args: `folder` and `source`.

    Returns:
        1 when something was no sample, else 0.
    """
    from lightning_synthaug.cli import imports
    from lightning_synthaug.cli.imports.reading import reader_of
    from lightning_synthaug.store import Store

    source = args.source.expanduser()
    reader_of(source)  # before a cache is made for nothing
    folder = cache_folder(args.folder)
    with Store.open(folder) as store, progress(None, "sample") as advance:
        done = imports.import_samples(store, source, progress=advance)
    print(f"{many(done.new, 'sample')} taken in, {done.known:,} known before, in {folder}.")
    if done.damaged:
        print(f"{many(done.damaged, 'file')} left out: no sample of an export.")
    return int(done.damaged > 0)
