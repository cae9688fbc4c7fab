"""How the request behind a slot is written as one integer."""

from __future__ import annotations

from typing import TypeVar

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["join", "split"]

_Int = TypeVar("_Int", int, Int64Array)

#: A group (the place of a label, or a twin) stands above this many bits, a number within it below.
_BITS = 40
_MASK = (1 << _BITS) - 1


def join(group: _Int, number: _Int) -> _Int:
    """Write a group and a number within it as one identity.

    Args:
        group: Place of a label, or a twin, in [0, 2^23).
        number: Serial number, or version, in [0, 2^40).

    Returns:
        Identities, >= 0.

    Example:
        >>> split(join(3, 5))
        (3, 5)
    """
    return (group << _BITS) | number


def split(identity: _Int) -> tuple[_Int, _Int]:
    """Take identities apart.

    Args:
        identity: As `join` makes them.

    Returns:
        Groups, and numbers within them.
    """
    return identity >> _BITS, identity & _MASK
