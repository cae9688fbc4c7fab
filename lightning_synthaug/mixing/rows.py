"""Which rows of the batch being trained on are synthetic, for layers that need to know in their forward."""

from __future__ import annotations

import weakref
from typing import Any, NamedTuple, Protocol, final

import numpy as np
import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.accounts import Served
from lightning_synthaug.mixing.identity import rows_unknown
from lightning_synthaug.mixing.indexedfeed import IndexedFeed
from lightning_synthaug.mixing.streamfeed import StreamFeed
from lightning_synthaug.plan import REAL

__all__ = ["BatchRows", "HasFeed", "Kinds"]


class HasFeed(Protocol):
    """Who knows the batch being trained on: a mixed loader, or a fit with synthetic samples."""

    @property
    def feed(self) -> IndexedFeed | StreamFeed | None:
        """The main process's half of the loader."""


class Kinds(NamedTuple):
    """The rows of a batch by kind. Int64 tensors on the batch's device.

    Attributes:
        real: Rows that are real, ascending.
        synthetic: Rows that are synthetic, ascending, at least one.
        inverse: Where each row stands in the real ones followed by the synthetic ones. Shape `(n,)`.
    """

    real: torch.Tensor
    synthetic: torch.Tensor
    inverse: torch.Tensor


@final
class BatchRows:
    """Tell a model's layers which rows are synthetic.

    Shared by the layers of one model. It refers weakly to who knows, which a copy keeps and a pickle leaves behind: a
    layer with one is no part of a loader's or a trainer's life.
    """

    def __init__(self) -> None:
        self._owner: weakref.ref[HasFeed] | None = None
        self._last: tuple[bytes, torch.device] | None = None
        self._kinds: Kinds | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave everything behind: another process has loaders of its own."""
        return {"_owner": None, "_last": None, "_kinds": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> BatchRows:
        """Make one that knows the same but can be bound by itself: the copied model may be trained on other batches."""
        copied = BatchRows()
        copied._owner = self._owner
        return copied

    def bind(self, owner: HasFeed) -> None:
        """Ask someone from now on.

        Args:
            owner: Who knows the batch being trained on; referred to weakly.
        """
        self._owner = weakref.ref(owner)

    def kinds(self, x: torch.Tensor) -> Kinds | None:
        """Sort the rows of a tensor by kind.

        Args:
            x: Shape `(n, ...)`, its rows those of the batch being trained on.

        Returns:
            Rows by kind, or None where all are real.

        Raises:
            ConfigError: No mixed batch is being trained on, its rows are mixed, or they are not as many.
        """
        served = self._served()
        if served.mixed is not None:
            raise rows_unknown("Split BatchNorm statistics", served.mixed)
        if len(x) != served.served.size:
            raise ConfigError(
                "SA609",
                f"A model with split BatchNorm must be called in training mode on the {served.served.size} rows of the "
                f"batch being trained on, in their order, got {len(x)} rows. Call it once for each view of the batch, "
                "reshape so that the first dimension stays the batch's, or call it in eval mode.",
            )
        if not (served.served != REAL).any():
            return None
        # Told by the contents, so that nothing has to be forgotten when a batch, a feed or a loader changes.
        told = (served.served.tobytes(), x.device)
        if told != self._last:
            self._last, self._kinds = told, _kinds(served, x.device)
        return self._kinds

    def _served(self) -> Served:
        """Return the account of the batch being trained on."""
        owner = self._owner() if self._owner is not None else None
        feed = owner.feed if owner is not None else None
        served = feed.served() if feed is not None else None
        if served is None:
            why = "no mixed loader" if feed is None else "no batch of the mixed loader yet"
            raise ConfigError(
                "SA608",
                "A model with split BatchNorm must be called in training mode on a batch of a mixed loader, got "
                f"{why}. Train it with SynthAug; in a plain loop say `split_batchnorm(model, loader=mixed)`; without "
                "synthetic rows use `merge_batchnorm(model)`.",
            )
        return served


def _kinds(served: Served, device: torch.device) -> Kinds:
    """Write out the rows by kind."""
    synthetic = served.served != REAL
    order = np.argsort(synthetic, kind="stable")
    real = int(order.size - np.count_nonzero(synthetic))
    # One small copy a batch that need not be waited for, and indices instead of a mask: a mask makes a GPU wait.
    both = torch.from_numpy(np.stack([order, np.argsort(order)])).to(device, non_blocking=True)
    return Kinds(both[0, :real], both[0, real:], both[1])
