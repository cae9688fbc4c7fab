"""Classical augmentation of records, seeded per sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.layout import has_known_axes
from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, DataError
from lightning_synthaug.plan.seeding import child_seed

__all__ = ["MOVED", "POINTS", "SampleTransform", "called", "check_axes", "checked_array"]

MOVED = ("mask", "masks")
"""Fields with a value for each pixel of the image: what moves the image has to move them."""

POINTS = ("bboxes", "keypoints")
"""Fields with places on the image."""

_UNIT = 2.0**-64


class SampleTransform(ABC):
    """Change a record at random, as a function of the record and a seed and of nothing else.

    The same record and seed give the same result in any process and after any history, and no
    global random state is different afterwards. One object must not be used by two threads at once.

    Args:
        p: Probability that a record is transformed at all. Fraction in [0, 1].

    Raises:
        ConfigError: `p` lies outside [0, 1] (SA211).
    """

    def __init__(self, *, p: float = 1.0) -> None:
        if not 0.0 <= p <= 1.0:
            msg = (
                f"`p` must be a probability in [0, 1], got {p!r}. For a percentage, divide by 100."
            )
            raise ConfigError("SA211", msg)
        self.p = p

    def apply(self, record: Record, seed: int) -> Record:
        """Transform one record.

        Args:
            record: Raw sample; left as it is.
            seed: 64-bit seed of this sample. Integer in [0, 2^64).

        Returns:
            A new record with the same fields and dtypes, or the same record where `p` said no.

        Raises:
            DataError: The transform returned something else than an array of the same dtype and
                rank (SA212).
        """
        if self.p < 1.0 and child_seed(seed, "apply") * _UNIT >= self.p:
            return record
        return record.replace(**self.fields(record, seed))

    @abstractmethod
    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        """Compute the fields that change.

        Args:
            record: Raw sample.
            seed: 64-bit seed of this sample.

        Returns:
            New values by field name, each checked.
        """


def checked_array(
    name: str, result: Any, given: npt.NDArray[Any], transform: object
) -> npt.NDArray[Any]:
    """Make sure that a transform returned what can stand in for what it was given.

    Args:
        name: Field name, for the message.
        result: What came back.
        given: What went in.
        transform: The transform, for the message.

    Returns:
        The result, contiguous and read-only, so that a record takes it over without a copy.

    Raises:
        DataError: The result is no array, or of another dtype or rank (SA212).
    """
    if isinstance(result, np.ndarray) and result.dtype == given.dtype and result.ndim == given.ndim:
        # A result that is a view (a flip, a crop) would keep its base writable for whoever holds
        # it.
        fresh = np.ascontiguousarray(result) if result.base is None else np.array(result, order="C")
        fresh.flags.writeable = False
        return fresh
    got = type(result).__qualname__
    if isinstance(result, np.ndarray):
        got = f"{result.dtype} with {result.ndim} dimensions"
    msg = (
        f"A transform must return {name!r} as an array of dtype {given.dtype} with {given.ndim} "
        f"dimensions, got {got} from {called(transform)}. It works on raw samples: normalise "
        "and convert to tensors in the dataset's own transform."
    )
    raise DataError("SA212", msg)


def check_axes(image: npt.NDArray[Any], transform: object) -> None:
    """Make sure that a library will find rows, columns and channels where it looks for them.

    Args:
        image: Image of a record.
        transform: The transform, for the message.

    Raises:
        DataError: Nobody can tell which axis holds the channels (SA212).
    """
    if image.ndim == 3 and not has_known_axes(image.shape):
        msg = (
            "An image must be (H, W) or (H, W, C) with 1, 3 or 4 channels for "
            f"{called(transform)}, got shape {list(image.shape)}, whose axes nobody can tell. Pass "
            "a function of the array that calls it with the axes as they are in your data."
        )
        raise DataError("SA212", msg)


def called(transform: object) -> str:
    """Name a transform in a message.

    Args:
        transform: Function or object.

    Returns:
        The name of the function, or of the object's class.

    Example:
        >>> called(len)
        'len'
    """
    return str(getattr(transform, "__qualname__", type(transform).__qualname__))
