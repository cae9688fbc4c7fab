"""Which cache a command works on, and a bar while it does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightning_synthaug.store import Store

__all__ = ["add_folder", "cache_folder", "opened", "progress"]


def add_folder(parser: argparse.ArgumentParser) -> None:
    """Add the folder as a positional argument that may be left out."""
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="FOLDER",
        help="folder of the cache (default: that of a run without cache=)",
    )


def cache_folder(given: str | None) -> Path:
    """Return the folder that a command works on.

    Args:
        given: As typed; `~` is the home folder. None for that of a run without `cache=`.

    Returns:
        The folder, which need not exist.
    """
    if given is not None:
        return Path(given).expanduser()
    from lightning_synthaug.mixing import default_cache

    return default_cache()


@contextmanager
def opened(given: str | None) -> Iterator[Store]:
    """Open the cache of a command, never making one.

    Args:
        given: As `cache_folder` takes it.

    Yields:
        The store.

    Raises:
        CacheError: There is none (SA330), or it cannot be used.
    """
    from lightning_synthaug.store import Store

    with Store.open(cache_folder(given), create=False) as store:
        yield store


@contextmanager
def progress(total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    """Show a bar on stderr, on a terminal only.

    Args:
        total: Where it ends; None: not known.
        unit: What is counted.

    Yields:
        A function that moves the bar on.
    """
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, leave=False, disable=None, file=sys.stderr) as bar:
        yield bar.update
