"""How long a server wants to be left alone, as its headers say."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

__all__ = ["wanted_pause"]

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
#: Headers that tell what is left, and when it is all there again.
_LIMITS: Final = (
    "x-ratelimit-{}-requests",
    "x-ratelimit-{}-tokens",
    "x-ratelimit-{}",
    "ratelimit-{}",
)
#: No header is believed beyond this. Seconds.
_MOST: Final = 86400.0


def wanted_pause(headers: Mapping[str, str]) -> float:
    """Read `Retry-After`, and the limits whose remainder is nothing.

    Args:
        headers: Of an answer, found by names in any case.

    Returns:
        Seconds, in [0, 86400].

    Example:
        >>> wanted_pause({"retry-after": "7"})
        7.0
        >>> wanted_pause({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m30s"})
        90.0
    """
    pauses = [_seconds(headers.get("retry-after", ""))]
    if (millis := headers.get("retry-after-ms")) is not None:
        pauses.append(_seconds(millis) / 1000)
    pauses += [
        _seconds(headers.get(name.format("reset"), ""))
        for name in _LIMITS
        if headers.get(name.format("remaining"), "").strip() == "0"
    ]
    return min(_MOST, max(0.0, *pauses))


def _seconds(text: str) -> float:
    """Read seconds, a duration such as `1m30s`, or a date; 0 where it is none of these."""
    text = text.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return float(text)
    parts = _PART.findall(text)
    if parts and "".join(a + b for a, b in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (ValueError, TypeError):
        return 0.0
