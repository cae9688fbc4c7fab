"""`synthaug cache`: look after the samples that runs have kept."""

from __future__ import annotations

import argparse

from lightning_synthaug.cli.caching import exporting, importing, keeping, looking, publishing

__all__ = ["add_parser", "run"]

_EPILOG = """\
A run may go on meanwhile: what is dropped under it, it misses and makes again.

examples:
  synthaug cache stat runs/cache
  synthaug cache evict runs/cache --older-than 30d --to 5GB --dry-run
  synthaug cache merge node1/cache node2/cache --into runs/cache
  synthaug cache publish runs/cache --to s3://bucket/cache
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "cache",
        help="look after the samples that runs have kept",
        description="Look after the samples that runs have kept.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    below = parser.add_subparsers(dest="action", metavar="action", required=True)
    for module in (looking, keeping, exporting, importing, publishing):
        module.add_parsers(below)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for.

    Args:
        args: `act`, the function of the chosen action, and its own options.

    Returns:
        Exit status of the action.

    Raises:
        SynthAugError: There is no cache, or it cannot be used.
    """
    return int(args.act(args))
