"""Sizes and ages as people write them: `5GB`, `500MiB`, `30d`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from lightning_synthaug.errors import ConfigError

__all__ = ["parse_age", "parse_size"]

_NUMBER: Final = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)\s*")
_DECIMAL: Final = {"": 1, "B": 1} | {f"{p}B": 1000**n for n, p in enumerate("kMGT", start=1)}
_SIZES: Final = _DECIMAL | {f"{p}iB": 1024**n for n, p in enumerate("KMGT", start=1)}
_AGES: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOST: Final = 1 << 62


def parse_size(value: int | str, *, name: str) -> int:
    """Read a number of bytes.

    Args:
        value: A whole number of bytes, or text with a unit: kB, MB, GB, TB (1000), KiB, MiB, GiB,
            TiB (1024).
        name: The argument's name, for messages.

    Returns:
        Bytes, in [0, 2^62].

    Raises:
        ConfigError: It is neither (SA332).

    Example:
        >>> parse_size("5GB", name="to"), parse_size("1.5 MiB", name="to")
        (5000000000, 1572864)
    """
    size = _parse(value, _SIZES) if isinstance(value, str) else value
    if isinstance(size, bool) or not isinstance(size, int | Decimal) or not 0 <= size <= _MOST:
        raise ConfigError(
            "SA332",
            f"`{name}` must be a number of bytes with or without a unit (kB, MB, GB, TB, KiB, MiB, GiB, "
            f"TiB), got {value!r}. For five gigabytes, write 5GB.",
        )
    return int(size)


def parse_age(value: float | str, *, name: str) -> float:
    """Read a length of time.

    Args:
        value: Seconds, or text with a unit: s, m (minutes), h, d, w.
        name: The argument's name, for messages.

    Returns:
        Seconds, >= 0.

    Raises:
        ConfigError: It is neither (SA333).

    Example:
        >>> parse_age("30d", name="older_than"), parse_age("12h", name="older_than")
        (2592000.0, 43200.0)
    """
    age = _parse(value, _AGES) if isinstance(value, str) else value
    right = isinstance(age, int | float | Decimal) and not isinstance(age, bool)
    if age is None or not right or not math.isfinite(age) or not 0 <= age <= _MOST:
        raise ConfigError(
            "SA333",
            f"`{name}` must be a length of time with a unit (s, m, h, d, w), got {value!r}. For thirty days, "
            "write 30d.",
        )
    return float(age)


def _parse(text: str, units: Mapping[str, int]) -> Decimal | None:
    """Read a number and its unit, however that is capitalised; None for anything else."""
    found = _NUMBER.fullmatch(text)
    folded = {unit.lower(): factor for unit, factor in units.items()}
    factor = None if found is None else folded.get(found[2].lower())
    return None if found is None or factor is None else Decimal(found[1]) * factor
