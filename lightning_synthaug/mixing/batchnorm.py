"""Separate BatchNorm statistics for synthetic rows.

Sources: Xie et al., "Adversarial Examples Improve Image Recognition", CVPR 2020, arXiv:1911.09665, section 4.2 (an
auxiliary BatchNorm for the additional examples, dropped for inference); Zajac et al., "Split Batch Normalization",
2019, arXiv:1904.03515 ("separate batch normalization statistics"); Yu et al., "Diversify, Don't Fine-Tune", 2024,
arXiv:2312.02253 (for synthetic images).
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _LazyNormBase

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.loader import MixedLoader
from lightning_synthaug.mixing.rows import BatchRows
from lightning_synthaug.mixing.streamed import StreamedLoader

__all__ = ["SplitNorm", "merge_batchnorm", "row_sources", "split_batchnorm"]

_Model = TypeVar("_Model", bound=nn.Module)

#: Attribute of a split model and of its split layers.
_ROWS = "_synthaug_rows"


class SplitNorm(nn.Module):
    """What a BatchNorm layer is mixed with to normalise synthetic rows by themselves. Made by `split_batchnorm`.

    In training, real rows are normalised by their own mean and variance, which the running statistics follow, and
    synthetic rows by theirs, which leave no trace. In evaluation, and where all rows are real, nothing differs from the
    plain layer. Rows of one kind with fewer than two values a channel have no variance: they are normalised by the
    running statistics, as evaluation would, and leave no trace either; a layer without running statistics normalises
    the whole batch together then.
    """

    num_features: int
    track_running_stats: bool
    running_mean: torch.Tensor | None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise a batch.

        Args:
            x: Shape `(n, channels, ...)`; in training, row i belongs to row i of the batch being trained on.

        Returns:
            Same shape.

        Raises:
            ConfigError: In training, it is not known which rows are synthetic, or they are not as many.
        """
        normalised: torch.Tensor = self._by_kind(x) if self.training else super().forward(x)
        return normalised

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling and copying, though the class is made at run time."""
        # What `Module.compile` made cannot travel, and torch leaves it behind as well.
        state = {k: v for k, v in self.__dict__.items() if k != "_compiled_call_impl"}
        return _new, (_plain_class(type(self)),), state

    def _by_kind(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise the rows of each kind by themselves."""
        rows: BatchRows = self.__dict__[_ROWS]
        kinds = rows.kinds(x)
        if kinds is None:
            whole: torch.Tensor = super().forward(x)
            return whole
        parts = [x.index_select(0, kinds.real), x.index_select(0, kinds.synthetic)]
        few = [0 < part.numel() < 2 * self.num_features for part in parts]
        if any(few) and self.running_mean is None:
            together: torch.Tensor = super().forward(x)
            return together
        trained = (self.training, self.track_running_stats)
        try:
            done = []
            for part, too_few, tracked in zip(parts, few, (trained[1], False), strict=True):
                # Batch statistics are followed only by a layer that tracks, in training mode.
                self.training, self.track_running_stats = not too_few, tracked
                done.append(super().forward(part) if len(part) else part)
        finally:
            self.training, self.track_running_stats = trained
        return torch.cat(done).index_select(0, kinds.inverse)


def split_batchnorm(model: _Model, *, loader: MixedLoader | StreamedLoader | None = None) -> _Model:
    """Give synthetic rows BatchNorm statistics of their own, in every BatchNorm layer of a model.

    Real rows are then normalised, in training as in evaluation, as if there were no synthetic ones. Weights, biases and
    everything else are shared: what a state dict holds and what an optimizer sees is as before, so that
    checkpoints fit models with and without it, and a batch without synthetic rows leaves no parameter without a
    gradient.

    Layers become subclasses of what they were, in place. A Lightning run with SynthAug tells them which rows are
    synthetic.

    Args:
        model: Any module. Subclasses of BatchNorm are split as well.
        loader: The mixed loader that a plain loop trains on. It is not kept alive.

    Returns:
        The same model.

    Raises:
        ConfigError: There is no BatchNorm layer, or one that cannot be split; `loader` is not a mixed one.

    Example:
        >>> split = split_batchnorm(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)))
        >>> type(split[1]).__name__, type(merge_batchnorm(split)[1]).__name__
        ('SplitBatchNorm2d', 'BatchNorm2d')
    """
    if loader is not None and not isinstance(loader, (MixedLoader, StreamedLoader)):
        raise ConfigError(
            "SA610",
            f"`loader` must be the mixed loader of a plain loop, got {type(loader).__name__}. Pass what "
            "`lightning_synthaug.mix` returned; in a Lightning run, leave it out.",
        )
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    refused = [m for m in layers if isinstance(m, (nn.SyncBatchNorm, _LazyNormBase))]
    if refused or not layers:
        kinds = sorted({type(m).__name__ for m in refused})
        raise ConfigError(
            "SA611",
            "`model` must have BatchNorm layers that can be split, got "
            f"{', '.join(kinds) or 'none'} in {type(model).__name__}. SyncBatchNorm would need as many synthetic rows "
            "on every process, so use BatchNorm; run a model with lazy layers once before; a model without BatchNorm "
            "needs no splitting.",
        )
    rows = BatchRows()
    if loader is not None:
        rows.bind(loader)
    for module in (model, *layers):
        module.__dict__[_ROWS] = rows
    for layer in layers:
        if not isinstance(layer, SplitNorm):
            kind: Any = type(layer)
            layer.__class__ = _split_class(kind)
    return model


def merge_batchnorm(model: _Model) -> _Model:
    """Take back `split_batchnorm`: plain layers again, with the statistics of real rows.

    In evaluation the model computes what it did before. A model that is not split stays as it is.

    Args:
        model: A split model.

    Returns:
        The same model.
    """
    for module in model.modules():
        module.__dict__.pop(_ROWS, None)
        if isinstance(module, SplitNorm):
            module.__class__ = _plain_class(type(module))
    return model


def row_sources(model: nn.Module) -> list[tuple[nn.Module, BatchRows]]:
    """List what the split models within a module ask which rows are synthetic.

    Args:
        model: Any module.

    Returns:
        Each split model or layer, and what it asks; empty where nothing is split.
    """
    return [(m, m.__dict__[_ROWS]) for m in model.modules() if _ROWS in m.__dict__]


@cache
def _split_class(plain: Any) -> Any:
    """Make the split counterpart of a BatchNorm class."""
    # Which rows are synthetic changes with each batch: a compiled graph must leave this part to Python.
    own = {"__doc__": SplitNorm.__doc__, "_by_kind": torch.compiler.disable(SplitNorm._by_kind)}
    return type(f"Split{plain.__name__}", (SplitNorm, plain), own)


def _plain_class(split: type[nn.Module]) -> Any:
    """Return the class that a split one was made of."""
    return split.__bases__[1]


def _new(plain: Any) -> Any:
    """Make a split layer without a state, for unpickling."""
    kind = _split_class(plain)
    return kind.__new__(kind)
