"""`synthaug cache evict`, `compact` and `merge`: give space back, take over another cache."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Final

from lightning_synthaug.cli._words import many
from lightning_synthaug.cli.caching.folder import add_folder, cache_folder, opened, progress
from lightning_synthaug.cli.caching.remote import fetched
from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from lightning_synthaug.store import Evicted

__all__ = ["add_parsers", "compact", "evict", "merge"]

_NO_LIMIT: Final = 1 << 62  # bytes


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parsers of these commands.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    _add_evict(subparsers)
    text = "rewrite shards with rows that nothing refers to, and join small ones"
    parser = subparsers.add_parser("compact", help=text, description=f"{text.capitalize()}.")
    add_folder(parser)
    parser.set_defaults(act=compact)
    parser = subparsers.add_parser(
        "merge",
        help="take over the samples of other caches",
        description="Copy what other caches hold, each row checked; they are not changed.",
        epilog="Exit status: 0 when all was taken over, 1 when a damaged shard was refused.",
    )
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SRC",
        help="folder of a cache to take samples from, or an address as for `publish`",
    )
    parser.add_argument(
        "--into",
        metavar="DST",
        help="cache that grows, made if need be (default: that of a run without cache=)",
    )
    parser.set_defaults(act=merge)


def _add_evict(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parser of `evict`."""
    parser = subparsers.add_parser(
        "evict",
        help="drop samples, the oldest first; they are made again when they are needed",
        description="Drop whole shards, the oldest first; of several conditions all must be met.",
    )
    add_folder(parser)
    add = parser.add_argument
    add("--to", metavar="SIZE", help="until the cache takes no more than this: 5GB, 500MiB")
    add("--older-than", metavar="AGE", help="only shards without a younger sample: 30d, 12h")
    add("--generator", metavar="NAME", help="only samples of this generator, as `ls` names it")
    add("--dry-run", action="store_true", help="say what would go, and leave it")
    add("--yes", action="store_true", help="do not ask")
    parser.set_defaults(act=evict)


def evict(args: argparse.Namespace) -> int:
    """Say what would go, ask, and drop it.

    Args:
        args: `folder`, `to`, `older_than`, `generator`, `dry_run` and `yes`.

    Returns:
        0, or 1 when the answer was no.

    Raises:
        ConfigError: There is nobody to ask, and `--yes` was not given.
    """
    with opened(args.folder) as store:
        conditions = {"to": args.to, "older_than": args.older_than, "generator": args.generator}
        planned = store.evict(**conditions, dry_run=True)
        if args.dry_run or not planned.samples + planned.shards:
            print(f"Would drop {_told(planned)}.")
            return 0
        if not args.yes and not _agreed(f"Drop {_told(planned)}?"):
            print("Nothing was changed.")
            return 1
        print(f"Dropped {_told(store.evict(**conditions))}.")
    return 0


def compact(args: argparse.Namespace) -> int:
    """Rewrite wasteful shards.

    Args:
        args: `folder`.

    Returns:
        0.
    """
    from lightning_synthaug.filling.say import human_bytes

    with opened(args.folder) as store, progress(store.stats().samples, "sample") as advance:
        done = store.compact(advance)
    if not done.before:
        print("There is nothing to compact.")
        return 0
    print(
        f"{many(done.samples, 'sample')} of {many(done.before, 'shard')} are in {done.after:,} now; "
        f"{human_bytes(max(0, done.freed))} came back."
    )
    if done.damaged:
        print(
            f"{many(done.damaged, 'damaged sample')} left out, to be made again when they are needed."
        )
    return 0


def merge(args: argparse.Namespace) -> int:
    """Take over other caches, one after the other.

    Args:
        args: `sources` and `into`.

    Returns:
        1 when a shard was refused, else 0.
    """
    from lightning_synthaug.store import Store
    from lightning_synthaug.store.lookup import require_store

    refused = 0
    with contextlib.ExitStack() as stack:
        sources = [
            (source, require_store(stack.enter_context(fetched(source)))) for source in args.sources
        ]
        # The user names what to take, so only the disk sets a limit.
        store = stack.enter_context(Store.open(cache_folder(args.into), byte_budget=_NO_LIMIT))
        for name, source in sources:
            with progress(len(list(source.glob("*.log"))), "shard") as advance:
                done = store.merge(source, advance)
            print(
                f"{name}: {many(done.samples, 'new sample')} in {many(done.shards, 'shard')}; "
                f"{many(done.skipped, 'shard')} had nothing new."
            )
            if done.held:
                print(
                    f"left out, because a run is writing to them: {many(done.held, 'shard')}; merge again later."
                )
            for shard, reason in done.refused.items():
                print(f"refused {shard}: {reason}", file=sys.stderr)
            refused += len(done.refused)
    return int(refused > 0)


def _told(told: Evicted) -> str:
    """Write out what an eviction takes."""
    from lightning_synthaug.filling.say import human_bytes

    parts = [
        f"{many(told.samples, 'sample')} in {many(told.shards, 'shard')} ({human_bytes(told.freed)})"
    ]
    if told.forgotten:
        parts.append(f"{told.forgotten:,} of them in shards that stay until `compact`")
    if told.held:
        parts.append(f"left alone, because a run is writing to them: {many(told.held, 'shard')}")
    return "; ".join(parts)


def _agreed(question: str) -> bool:
    """Ask on the terminal.

    Raises:
        ConfigError: There is none.
    """
    if not sys.stdin.isatty():
        raise ConfigError(
            "SA807",
            "`--yes` must be given where nobody can be asked, got an input that is no terminal. Look with "
            "--dry-run first, then add --yes.",
        )
    return input(f"{question} [y/N] ").strip().lower() in {"y", "yes"}
