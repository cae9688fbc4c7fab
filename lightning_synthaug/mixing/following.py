"""What a process does that trains beside another one whose producers fill the cache: it looks there now and then."""

from __future__ import annotations

import time
from typing import Final, final

from lightning_synthaug.mixing.blocks import Blocks, ReadyBlock

__all__ = ["Following"]

#: Seconds between looks at least, and how many times longer than a look the time between them is.
_PAUSE: Final = 0.5
_TIMES_LOOK: Final = 50.0


@final
class Following:
    """Look into the store for what is missing, seldom enough to cost nothing.

    Args:
        blocks: The blocks in use.
    """

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._next = 0.0

    def look(self, block: ReadyBlock, number: int) -> ReadyBlock:
        """Look for what a batch and those after it lack, unless that was done just now.

        Args:
            block: The block that holds the batch.
            number: Batches before the batch.

        Returns:
            The block, with what was found.
        """
        began = time.monotonic()
        if began < self._next:
            return block
        block = self._blocks.again(block, number, in_store=True)
        now = time.monotonic()
        self._next = now + max(_PAUSE, _TIMES_LOOK * (now - began))
        return block
