"""Arguments out of their range, refused when a generator is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lightning_synthaug.errors import ConfigError

__all__ = ["at_least", "check_arguments", "is_size", "one_of"]


def check_arguments(owner: object, fits: Mapping[str, tuple[bool, str]]) -> None:
    """Refuse arguments that do not fit.

    Args:
        owner: Has them as attributes.
        fits: For each name whether it does, and what it must be.

    Raises:
        ConfigError: One does not (SA494).
    """
    for name, (good, wanted) in fits.items():
        if not good:
            got = getattr(owner, name)
            message = f"`{name}` must be {wanted}, got {got!r}. Correct it in {type(owner).__name__}({name}=...)."
            raise ConfigError("SA494", message)


def at_least(value: float | None, least: float) -> tuple[bool, str]:
    """Check a number that may be left out.

    Args:
        value: The number, or None.
        least: The smallest that fits; a whole number where only those do.

    Returns:
        Whether it fits, and what it must be.
    """
    kinds = (int,) if isinstance(least, int) else (int, float)
    number = isinstance(value, kinds) and not isinstance(value, bool)
    good = value is None or (number and value >= least)
    return good, f"a {'whole ' * (len(kinds) == 1)}number, at least {least:g}"


def one_of(value: object, allowed: Sequence[object]) -> tuple[bool, str]:
    """Check a choice.

    Args:
        value: What was chosen.
        allowed: What may be.

    Returns:
        Whether it is among them, and what it must be.
    """
    return value in allowed, f"one of {', '.join(map(repr, allowed))}"


def is_size(size: Any, *, step: int = 1) -> tuple[bool, str]:
    """Check the size of a picture that may be left out.

    Args:
        size: (rows, columns), or None.
        step: Rows and columns are multiples of it.

    Returns:
        Whether it fits, and what it must be.
    """
    good = size is None or (
        len(size) == 2 and all(isinstance(n, int) and n > 0 and n % step == 0 for n in size)
    )
    return (
        good,
        f"(rows, columns), whole multiples of {step}"
        if step > 1
        else "(rows, columns), whole and above 0",
    )
