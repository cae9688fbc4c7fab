"""How much a store may hold, and how large its shards are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, NamedTuple

from lightning_synthaug.errors import CacheFull, ConfigError
from lightning_synthaug.store.header import MAX_ROWS
from lightning_synthaug.store.schema import Schema

__all__ = ["ShardSize", "check_room", "default_budget", "shard_size", "valid_budget"]

DEFAULT_BYTES: Final = 20 * 10**9
DEFAULT_SHARE: Final = 10  # at most a tenth of the free disk
SHARDS_IN_BUDGET: Final = 64  # space comes back by whole shards, so they are small against it
MAX_SHARD_BYTES: Final = 256 * 2**20
MIN_ROWS: Final = 16  # fewer would spend more time on opening shards than on writing to them


class ShardSize(NamedTuple):
    """Limits of one shard.

    Attributes:
        rows: Rows that fit at most.
        size: Length of its data file. Bytes.
    """

    rows: int
    size: int


def valid_budget(value: int) -> int:
    """Check a byte budget that a user gave.

    Raises:
        ConfigError: It is not a positive integer.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(
            "SA310",
            f"`byte_budget` must be a positive number of bytes, got {value!r}. "
            "For 5 GB, write byte_budget=5_000_000_000.",
        )
    return value


def default_budget(folder: Path, used: int) -> int:
    """Choose the budget of a store whose user named none.

    Args:
        folder: Folder of the store.
        used: What the store holds already. Bytes; counted as free, or each opening would allow less.

    Returns:
        The smaller of 20 GB and a tenth of the free disk. Bytes.
    """
    free = shutil.disk_usage(folder).free + used
    return max(min(DEFAULT_BYTES, free // DEFAULT_SHARE), 1)


def shard_size(schema: Schema, *, byte_budget: int, longest: int) -> ShardSize:
    """Choose the size of a new shard.

    Args:
        schema: What its rows look like.
        byte_budget: What the store may hold. Bytes.
        longest: Longest row that must fit. Bytes.

    Returns:
        At most a 64th of the budget and 256 MB, but room for 16 rows at least.

    Example:
        >>> from lightning_synthaug.store.schema import Field
        >>> image = Schema((Field("image", "array", "|u1", (32, 32, 3), 3),), ragged=False)
        >>> shard_size(image, byte_budget=64 * 3072 * 100, longest=3072)
        ShardSize(rows=100, size=307200)
    """
    size = max(min(MAX_SHARD_BYTES, byte_budget // SHARDS_IN_BUDGET), MIN_ROWS * longest)
    if schema.ragged:
        return ShardSize(MAX_ROWS, max(size, 1))
    rows = min(size // schema.stride, MAX_ROWS)
    return ShardSize(rows, rows * schema.stride)


def check_room(*, used: int, more: int, byte_budget: int, folder: Path) -> None:
    """Refuse to grow above the budget.

    Raises:
        CacheFull: It would not fit.
    """
    if used + more > byte_budget:
        raise CacheFull(
            "SA306",
            f"The samples of a store must fit into its budget of {byte_budget:,} bytes, got "
            f"{used:,} bytes and {more:,} more in {str(folder)!r}. Raise it (`cache_bytes=`, or "
            "`byte_budget=` of `Store.open`), or ask for fewer samples with `pool=`.",
        )
