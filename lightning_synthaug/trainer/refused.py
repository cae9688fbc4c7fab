"""What stands in for a loader that cannot be mixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

__all__ = ["Refused"]


@final
class Refused:
    """Stand in for a loader that cannot be mixed, and raise why when it is looked at.

    While Lightning asks for loaders it has `DataLoader.__init__` patched, and an error there leaves it so for good.

    Args:
        error: What to raise.
    """

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __iter__(self) -> Iterator[Any]:
        """Raise the error: the first thing that Lightning does with a loader is to iterate it."""
        raise self._error

    def __len__(self) -> int:
        """Raise the error: the first thing that some models do."""
        raise self._error
