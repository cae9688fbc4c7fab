"""What a producer tells the process that started it: lines of JSON, written by the one and read by the other."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from typing import Any, final

import numpy as np
import numpy.typing as npt

__all__ = ["Words"]


@final
class Words:
    """What the parent is told, a line each.

    `{"ready": device}` once samples can be made; `{"settled": rows, "source": number, "counted": [asked, made,
    rejected by reason], "size": bytes a sample, "batch": requests that the source makes at once}` after each batch,
    with all that was counted until then; `{"waiting": true}` now and then while real samples are waited for, or a
    source that puts off what it is asked; `{"collapsed": fields of a Collapse, "source": number}` once; `{"error":
    text}` when a batch failed and is tried again; `{"fatal": text, "again": whether another process may do better}`
    and `{"full": text}` before an early end.

    What generators print does not get among them: it goes to standard error.
    """

    def __init__(self) -> None:
        self._fd = os.dup(1)
        os.dup2(2, 1)

    def say(self, **word: Any) -> None:
        """Write one line; waits while the parent does not listen, and says nothing once it never will."""
        line = json.dumps(word).encode() + b"\n"
        with contextlib.suppress(BrokenPipeError):
            while line:
                line = line[os.write(self._fd, line) :]

    @staticmethod
    def text(rows: npt.NDArray[np.int64]) -> str:
        """Write rows of (identity, shard, row); a list of numbers would cost the trainer ten times as much to read.

        Args:
            rows: Shape `(n, 3)`.

        Returns:
            Their text.
        """
        return base64.b64encode(rows.astype("<i8").tobytes()).decode()

    @staticmethod
    def rows(text: str) -> npt.NDArray[np.int64]:
        """Read what `text` wrote.

        Args:
            text: What it returned.

        Returns:
            Rows of (identity, shard, row), shape `(n, 3)`.
        """
        return np.frombuffer(base64.b64decode(text), "<i8").reshape(-1, 3).astype(np.int64)
