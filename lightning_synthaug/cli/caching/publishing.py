"""`synthaug cache publish`: copy shards to where other machines find them."""

from __future__ import annotations

import argparse

from lightning_synthaug.cli._words import many
from lightning_synthaug.cli.caching.folder import add_folder, cache_folder, progress
from lightning_synthaug.cli.caching.remote import publish

__all__ = ["act", "add_parsers"]


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parser of this command.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "publish",
        help="copy shards to any file system that fsspec knows",
        description="Copy what a cache holds to an address, for `merge` on another machine. What is there already is "
        "not copied again.",
    )
    add_folder(parser)
    parser.add_argument(
        "--to", required=True, metavar="URL", help="address, for example s3://bucket/cache"
    )
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> int:
    """Copy shards.

    Args:
        args: `folder` and `to`.

    Returns:
        0.
    """
    from lightning_synthaug.filling.say import human_bytes
    from lightning_synthaug.store.lookup import require_store

    folder = require_store(cache_folder(args.folder))
    with progress(len(list(folder.glob("*.log"))), "shard") as advance:
        done = publish(folder, args.to, progress=advance)
    print(f"{many(done.files, 'file')} ({human_bytes(done.size)}) copied to {args.to}.")
    return 0
