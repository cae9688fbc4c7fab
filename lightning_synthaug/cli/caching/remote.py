"""Caches on any file system that `fsspec` knows: shards are copied there, and fetched to be merged."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from lightning_synthaug.errors import ConfigError, MissingDependency, SynthAugError

__all__ = ["Published", "fetched", "is_url", "publish"]

_URL: Final = re.compile(r"[a-z][a-z0-9+.-]+(::|://)", re.IGNORECASE)
#: Names of the files of a store that travel; its index is made anew from them.
_FILE: Final = re.compile(r"[0-9a-z]+\.(rows|log|notes)")


class Published(NamedTuple):
    """What was copied.

    Attributes:
        files: Files copied.
        size: Their length. Bytes.
    """

    files: int
    size: int


def is_url(text: str) -> bool:
    """Tell an address from a folder.

    Example:
        >>> is_url("s3://bucket/cache"), is_url("runs/cache"), is_url("C:/cache")
        (True, False, False)
    """
    return _URL.match(text) is not None


def publish(
    folder: Path, url: str, *, progress: Callable[[int], object] | None = None
) -> Published:
    """Copy what a cache holds and the address does not.

    Who fetches meanwhile finds whole rows only: a log follows the rows that it tells of. So does who copies while a run
    writes.

    Args:
        folder: Folder of the cache.
        url: Address that `fsspec` knows, `s3://bucket/cache` for one.
        progress: Called with the bytes of each file.

    Returns:
        What was copied.

    Raises:
        ConfigError: The address cannot be used (SA814); what was copied stays, and is not copied again.
        MissingDependency: It needs a library that is not installed (SA814).
    """
    files = size = 0
    with _system(url) as (system, root):
        system.makedirs(root, exist_ok=True)
        # A prefix of an object store is not there before something is in it.
        entries = system.ls(root, detail=True) if system.exists(root) else []
        there = {Path(e["name"]).name: e["size"] for e in entries}
        for log in sorted(folder.glob("*.log")) + sorted(folder.glob("*.notes")):
            told = log.read_bytes()  # before the rows, which may be growing
            if there.get(log.name) == len(told):
                continue
            rows = log.with_suffix(".rows")
            if log.suffix == ".log" and rows.exists():
                system.put_file(str(rows), f"{root}/{rows.name}")
                files, size = files + 1, size + rows.stat().st_size
            system.pipe_file(f"{root}/{log.name}", told)
            files, size = files + 1, size + len(told)
            if progress is not None:
                progress(1)
    return Published(files, size)


@contextlib.contextmanager
def fetched(source: str) -> Iterator[Path]:
    """Have a cache in a folder: where it is one, or in a temporary copy of an address.

    Args:
        source: Folder, or address that `fsspec` knows.

    Yields:
        The folder.

    Raises:
        ConfigError: The address cannot be used (SA814).
        MissingDependency: It needs a library that is not installed (SA814).
    """
    if not is_url(source):
        yield Path(source).expanduser()
        return
    with tempfile.TemporaryDirectory(prefix="synthaug-fetched-") as folder:
        with _system(source) as (system, root):
            names = [Path(entry["name"]).name for entry in system.ls(root, detail=True)]
            for name in filter(_FILE.fullmatch, names):
                system.get_file(f"{root}/{name}", str(Path(folder, name)))
        yield Path(folder)


@contextlib.contextmanager
def _system(url: str) -> Iterator[tuple[Any, str]]:
    """Open a file system; what goes wrong there is told in one way."""
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url)
        yield system, root.rstrip("/")
    except ImportError as error:
        raise MissingDependency(
            "SA814", f"The address {url!r} needs a library, got: {error}. Install it with pip."
        ) from error
    except SynthAugError:
        raise
    except (
        Exception
    ) as error:  # each file system has errors of its own, missing credentials for one
        raise ConfigError(
            "SA814",
            f"A cache must be at an address that can be read and written, got {url!r}: {type(error).__name__}: "
            f"{error}. Check its spelling and your access; what was copied before stays.",
        ) from error
