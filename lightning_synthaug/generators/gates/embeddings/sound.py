"""Sounds of any kind as one row of numbers and a rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lightning_synthaug.errors import GateError

if TYPE_CHECKING:
    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["rate_of", "sound_of"]


def sound_of(record: Record) -> npt.NDArray[np.float32]:
    """Take the sound out of a record, all channels as one.

    Args:
        record: With the field `audio`, of shape `(n,)`, `(channels, n)` or `(n, channels)`.

    Returns:
        The mean of the channels, on the scale that it has. float32, shape `(n,)`.

    Raises:
        GateError: There is none (SA450).

    Example:
        >>> from lightning_synthaug.data import Record
        >>> sound_of(Record({"audio": np.array([[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])}))
        array([0.5, 1. , 0.5], dtype=float32)
    """
    sound = record.get("audio")
    if (
        not isinstance(sound, np.ndarray)
        or sound.ndim not in (1, 2)
        or sound.dtype.kind not in "iuf"
    ):
        raise GateError(
            "SA450",
            'A gate for sounds needs the field "audio" of shape (n,), (channels, n) or (n, channels) in each sample, '
            f"got {record!r}. Use a gate for its modality, or pass `record=`.",
        )
    values = sound.astype(np.float32)
    if values.ndim == 2:
        values = values.mean(axis=int(np.argmin(values.shape)))
    return values


def rate_of(record: Record) -> float | None:
    """Take the sampling rate out of a record.

    Args:
        record: Perhaps with the field `rate`.

    Returns:
        Values a second; None where the record does not say.
    """
    rate = record.get("rate")
    return float(rate) if isinstance(rate, int | float) and rate > 0 else None
