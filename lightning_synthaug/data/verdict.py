"""What a gate says about one sample."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Verdict"]


class Verdict(NamedTuple):
    """What a gate said about one sample.

    Attributes:
        accepted: Whether the sample may be served.
        score: The gate's number, None when it has none; infinite and NaN are kept as None.
        reason: Why it was refused, empty when it was not.
    """

    accepted: bool
    score: float | None = None
    reason: str = ""
