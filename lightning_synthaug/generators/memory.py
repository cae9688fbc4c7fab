"""Telling a lack of memory from other errors: what is too much at once may go in smaller batches."""

from __future__ import annotations

from typing import Final

__all__ = ["out_of_memory"]

#: How torch's allocators of CUDA, other devices, the CPU, and the CPU on Windows say it.
_SAYINGS: Final = ("out of memory", "can't allocate memory", "not enough memory")
#: Causes of causes that are looked at: an error may name itself as its cause.
_DEPTH: Final = 8


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out, itself or by what caused it.

    Args:
        error: Whatever was raised.

    Example:
        >>> out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
        True
        >>> out_of_memory(ValueError("out of memory"))
        False
    """
    cause: BaseException | None = error
    for _ in range(_DEPTH):
        said = isinstance(cause, RuntimeError) and any(s in str(cause) for s in _SAYINGS)
        if said or isinstance(cause, MemoryError):
            return True
        cause = None if cause is None else cause.__cause__
    return False
