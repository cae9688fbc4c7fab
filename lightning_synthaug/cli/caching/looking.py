"""`synthaug cache ls`, `stat`, `verify` and `rebuild`: what a cache holds, and whether it is right."""

from __future__ import annotations

import argparse
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lightning_synthaug.cli._words import many, table
from lightning_synthaug.cli.caching.folder import add_folder, cache_folder, opened, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.cli.caching.summary import Group
    from lightning_synthaug.store import GateCount, Stats

__all__ = ["add_parsers", "ls", "rebuild", "stat", "verify"]


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parsers of these commands.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    for act, text in (
        (ls, "list what made the samples: one line a generator"),
        (stat, "count samples by generator, label and age, and what gates said"),
        (verify, "read every sample and name the damaged ones"),
        (rebuild, "make the index anew from the shards, setting damaged files aside"),
    ):
        parser = subparsers.add_parser(act.__name__, help=text, description=f"{text.capitalize()}.")
        add_folder(parser)
        parser.set_defaults(act=act)
        if act in (ls, stat):
            parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
        if act is verify:
            parser.epilog = "Exit status: 0 when all is right, 1 when samples are damaged."
            parser.add_argument(
                "--forget",
                action="store_true",
                help="take damaged samples out, so that they are made again",
            )


def ls(args: argparse.Namespace) -> int:
    """List generators.

    Args:
        args: `folder` and `json`.

    Returns:
        0.
    """
    from lightning_synthaug.cli.caching.summary import summarise, to_json

    with opened(args.folder) as store:
        groups = summarise(store.samples()).generators
        where = str(store.folder)
    if args.json:
        made = [to_json(group) for group in groups]
        print(json.dumps({"cache": where, "generators": made}, indent=2))
    elif groups:
        print(_groups_table("generator", groups))
    else:
        print(f"No samples in {where}.")
    return 0


def stat(args: argparse.Namespace) -> int:
    """Count samples.

    Args:
        args: `folder` and `json`.

    Returns:
        0.
    """
    from lightning_synthaug.cli.caching.summary import summarise, to_json

    with opened(args.folder) as store:
        stats, gates, where = store.stats(), store.gates(), str(store.folder)
        generators, labels, ages = summarise(store.samples())
    groups = {"generator": generators, "label": labels, "age": ages}
    if args.json:
        made: dict[str, Any] = {"cache": where, **stats._asdict()}
        made["bytes"] = made.pop("size")
        made |= {f"by_{what}": [to_json(one) for one in each] for what, each in groups.items()}
        print(json.dumps({**made, "gates": [gate._asdict() for gate in gates]}, indent=2))
        return 0
    parts = [_totals(where, stats)]
    parts += [_groups_table(what, each) for what, each in groups.items() if each]
    parts += [_gates_table(gates)] if gates else []
    print("\n\n".join(parts))
    return 0


def verify(args: argparse.Namespace) -> int:
    """Read every sample.

    Args:
        args: `folder` and `forget`.

    Returns:
        1 when samples are damaged, else 0.
    """
    with opened(args.folder) as store:
        total = store.stats().samples
        with progress(total, "sample") as advance:
            damaged = store.verify(advance)
        if args.forget:
            store.forget(damaged)
    for key in damaged:
        print(key.hex())
    if not damaged:
        print(f"{many(total, 'sample')}, none damaged.")
        return 0
    then = "Run again with --forget to have them made again."
    if args.forget:
        then = "They were taken out and are made again when they are needed."
    print(f"{many(total, 'sample')}, {len(damaged):,} damaged. {then}")
    return 1


def rebuild(args: argparse.Namespace) -> int:
    """Make the index anew.

    Args:
        args: `folder`.

    Returns:
        0.
    """
    from lightning_synthaug.store import Store

    folder = cache_folder(args.folder)
    before = set(folder.glob("*.damaged*"))
    with Store.open(folder, rebuild=True, create=False) as store:
        stats = store.stats()
    print(
        f"The index was made anew: {many(stats.samples, 'sample')} in {many(stats.shards, 'shard')}."
    )
    for path in sorted(set(folder.glob("*.damaged*")) - before):
        print(f"set aside: {path}")
    return 0


def _totals(where: str, stats: Stats) -> str:
    """Sum a cache up."""
    from lightning_synthaug.filling.say import human_bytes

    return (
        f"{where}: {many(stats.samples, 'sample')} in {many(stats.shards, 'shard')}, "
        f"{human_bytes(stats.size)} with keys and provenance; {many(stats.tombstones, 'request')} given up"
    )


def _groups_table(what: str, groups: Sequence[Group]) -> str:
    """Show groups of samples."""
    from lightning_synthaug.filling.say import human_bytes

    body = [
        [
            group.name,
            f"{group.samples:,}",
            human_bytes(group.bytes),
            f"{len(group.labels - {None}):,}",
            _date(group.oldest),
            _date(group.newest),
        ]
        for group in groups
    ]
    return table([what, "samples", "bytes", "labels", "oldest", "newest"], body, left=(0,))


def _gates_table(gates: Sequence[GateCount]) -> str:
    """Show what gates said."""
    body = [
        [gate.gate, f"{gate.accepted:,}", f"{gate.refused:,}", *map(_score, gate[3:])]
        for gate in gates
    ]
    return table(["gate", "accepted", "refused", "lowest", "mean", "highest"], body, left=(0,))


def _score(score: object) -> str:
    """Write a score, or that there is none."""
    return f"{score:.4g}" if isinstance(score, int | float) else "-"


def _date(at: int) -> str:
    """Write a time of the local clock."""
    return datetime.fromtimestamp(at / 1e9).astimezone().strftime("%Y-%m-%d %H:%M")
