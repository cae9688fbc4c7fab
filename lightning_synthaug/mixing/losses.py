"""Mean losses by source, without making a GPU wait."""

from __future__ import annotations

from typing import final

import numpy as np
import torch

from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["SourceLosses"]


@final
class SourceLosses:
    """Running sums of per-row losses by source.

    Sums stay where the losses are: adding to them asks a GPU for nothing, only reading does.

    Example:
        >>> losses = SourceLosses()
        >>> losses.add(torch.tensor([1.0, 2.0, 4.0]), np.array([0, 2, 2]))
        >>> losses.read()
        {0: 1.0, 2: 3.0}
        >>> losses.read()
        {}
    """

    def __init__(self) -> None:
        self._sums: torch.Tensor | None = None
        self._rows = np.zeros(0, np.int64)

    def add(self, rows: torch.Tensor, sources: Int64Array) -> None:
        """Add the losses of one batch.

        Args:
            rows: One loss a row, shape `(n,)`.
            sources: Number of each row's source, >= 0, shape `(n,)`.
        """
        counts = np.bincount(sources, minlength=self._rows.size)
        new = counts.size - self._rows.size
        self._rows = np.pad(self._rows, (0, new)) + counts
        # Half precision would soon stop growing.
        sums = torch.zeros(counts.size, dtype=torch.float32, device=rows.device)
        if self._sums is not None:
            sums[: self._sums.numel()] = self._sums
        # A copy that need not be waited for: the indices are read before `to` returns, from memory that is not pinned.
        index = torch.from_numpy(sources).to(rows.device, non_blocking=True)
        self._sums = sums.index_add_(0, index, rows.detach().float())

    def read(self) -> dict[int, float]:
        """Return the mean loss of each source that had rows since the last call, and begin anew.

        Returns:
            Mean by the source's number; a source without rows has no mean and is left out.
        """
        if self._sums is None:
            return {}
        sums, rows = self._sums.tolist(), self._rows
        self._sums, self._rows = None, np.zeros(0, np.int64)
        return {s: sums[s] / int(n) for s, n in enumerate(rows.tolist()) if n}
