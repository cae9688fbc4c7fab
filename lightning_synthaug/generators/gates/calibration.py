"""Thresholds that let a stated share of real samples pass, and the parts that they are tried on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["auto_threshold", "check_threshold", "parts"]


def auto_threshold(scores: npt.NDArray[np.floating], share: float) -> float:
    """Choose the threshold that a share of real samples reaches.

    It is the one of split conformal prediction (Vovk, Gammerman & Shafer, "Algorithmic learning in
    a random world", 2005): a further sample of the same kind reaches it with a probability of at
    least `share`, however scores are distributed.

    Args:
        scores: Scores of real samples that their judge was not fitted on, the higher the better.
        share: In (0, 1).

    Returns:
        The threshold; -inf where there are too few samples to say.

    Example:
        >>> auto_threshold(np.arange(100.0), 0.95)
        4.0
    """
    below = int((len(scores) + 1) * (1 - share) + 1e-9)
    return float(np.sort(scores)[below - 1]) if below else -np.inf


def parts(labels: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Deal samples out to parts, each label evenly.

    Args:
        labels: Label of each sample. Shape `(n,)`.
        count: Parts, >= 2.

    Returns:
        Part of each sample, in [0, count).
    """
    part = np.empty(labels.size, np.int64)
    start = 0
    for value in np.unique(labels):
        members = np.nonzero(labels == value)[0]
        part[members] = (start + np.arange(members.size)) % count
        start += members.size  # labels of one sample do not all go to the first part
    return part


def check_threshold(threshold: float | Literal["auto"], share: float) -> None:
    """Refuse what is no threshold.

    Args:
        threshold: A finite number, or `"auto"`.
        share: Share of real samples that pass, for `"auto"`.

    Raises:
        ConfigError: One of them is something else (SA452).
    """
    number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if threshold != "auto" and not (number and np.isfinite(threshold)):
        raise ConfigError(
            "SA452",
            f'`threshold` must be "auto" or a finite number, got {threshold!r}. With "auto" it is chosen so that '
            "`share` of real samples pass.",
        )
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise ConfigError(
            "SA452",
            f"`share` must lie between 0 and 1, got {share!r}. 0.97 lets 97 % of held-out real samples pass.",
        )
