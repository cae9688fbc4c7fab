"""Digests of files, memoised, and the fingerprints made of them."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["canonical_digest", "file_digest"]

_SETTLED_NS = 2_000_000_000


def file_digest(path: str | Path) -> str:
    """Digest a file's content, reading it once for as long as its size and time stay the same.

    Args:
        path: An existing file.

    Returns:
        32 hexadecimal digits.

    Raises:
        OSError: The file cannot be read.
    """
    resolved = Path(path).resolve()
    status = resolved.stat()
    if time.time_ns() - status.st_mtime_ns < _SETTLED_NS:
        # Written just now: the clock of the file system is too coarse to tell it from the next version.
        return _read(resolved)
    return _digest(str(resolved), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=65536)
def _digest(path: str, _size: int, _mtime_ns: int) -> str:
    """Read and digest; size and time are only there to tell a changed file from the old one."""
    return _read(Path(path))


def _read(path: Path) -> str:
    """Digest a file, block by block."""
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def canonical_digest(content: Mapping[str, Any]) -> str:
    """Digest plain values, whatever order their names came in.

    Args:
        content: JSON values.

    Returns:
        32 hexadecimal digits, the same on every machine.

    Example:
        >>> canonical_digest({"a": 1, "b": 2}) == canonical_digest({"b": 2, "a": 1})
        True
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
