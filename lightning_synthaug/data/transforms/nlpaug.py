"""Augmenters of the nlpaug library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, final

from lightning_synthaug.data.record import Record
from lightning_synthaug.data.transforms.base import SampleTransform, called
from lightning_synthaug.data.transforms.globals import seeded_globals
from lightning_synthaug.errors import DataError, MissingDependency

__all__ = ["NlpaugTransform", "is_nlpaug"]


@final
class NlpaugTransform(SampleTransform):
    """Have an nlpaug augmenter, or a flow of them, change a record's text.

    The library draws from the global random states, which are seeded for the call and restored afterwards. Where it
    would download data of nltk in the middle of a run, it is stopped, and the message says what to install.

    Args:
        transform: The augmenter. Models that it holds stay on their device.
        p: Probability that a record is transformed at all. Fraction in [0, 1].
    """

    def __init__(self, transform: Any, *, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.transform = transform

    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        """Change the text.

        Raises:
            DataError: There is none, or the augmenter returned none (SA212).
            MissingDependency: The augmenter needs data of nltk that are not here (SA831).
        """
        text = record.get("text")
        if not isinstance(text, str):
            msg = f"An nlpaug augmenter needs the field 'text', got {record!r}. Name the field to be changed so."
            raise DataError("SA212", msg)
        with seeded_globals(seed), _no_downloads():
            made = self.transform.augment(text)
        # A list of one, or of none where nothing is left to change.
        result = (made[0] if made else text) if isinstance(made, list) else made
        if isinstance(result, str):
            return {"text": result}
        msg = (
            f"A transform must return 'text' as str, got {type(result).__name__} from {called(self.transform)}. "
            "Pass an augmenter of texts."
        )
        raise DataError("SA212", msg)


def is_nlpaug(transform: object) -> bool:
    """Tell whether an object is an augmenter of nlpaug, or derives from one.

    Args:
        transform: Any object.

    Example:
        >>> is_nlpaug(len)
        False
    """
    return any(kind.__module__.startswith("nlpaug.") for kind in type(transform).__mro__)


@contextmanager
def _no_downloads() -> Iterator[None]:
    """Keep nltk from downloading inside a `with` block."""
    nltk: Any = sys.modules.get("nltk")
    if nltk is None:
        yield
        return
    download, nltk.download = nltk.download, _refuse
    try:
        yield
    except (
        LookupError
    ) as error:  # nltk's, when data are missing under the name that its own version wants
        _refuse(*str(error).partition("Resource ")[2].split("'")[1:2], cause=error)
    finally:
        nltk.download = download


def _refuse(data: str = "", *_: object, cause: Exception | None = None, **__: object) -> NoReturn:
    """Say which data are missing."""
    msg = (
        f"An nlpaug augmenter must find its data here, got none of nltk's {data!r}. Download them before the run: "
        f"python -m nltk.downloader {data}."
    )
    raise MissingDependency("SA831", msg) from cause
