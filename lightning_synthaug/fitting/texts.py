"""What a language model is fitted on: texts and labels, checked and brought into one form."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, final

import numpy as np

from lightning_synthaug.errors import DataError
from lightning_synthaug.generators.digest import canonical_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["TextData", "text_data"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class TextData:
    """Texts of one line each, and their classes.

    Attributes:
        texts: The texts.
        classes: Index of each label in `labels`. int64, shape `(n,)`.
        labels: The distinct labels, ascending.
        names: What a model is told of each label: its name, or its number.
        digest: Digest of texts and labels.
        tiny: Never: a language model makes use of all threads.
    """

    texts: list[str]
    classes: NDArray[np.int64]
    labels: list[int]
    names: list[str]
    digest: str
    tiny: ClassVar[bool] = False

    def take(self, rows: NDArray[np.int64]) -> TextData:
        """Pick texts; labels and digest stay those of all.

        Args:
            rows: Row numbers.

        Returns:
            The data of these rows.
        """
        return replace(self, texts=[self.texts[i] for i in rows], classes=self.classes[rows])

    def describe(self) -> dict[str, Any]:
        """Say what the data were, for the card.

        Returns:
            Plain JSON values; counts by label.
        """
        counts = np.bincount(self.classes, minlength=len(self.labels))
        return {
            "digest": self.digest,
            "count": len(self.texts),
            "count_by_label": {
                str(label): int(count) for label, count in zip(self.labels, counts, strict=True)
            },
        }


def text_data(
    texts: Sequence[str], labels: ArrayLike, *, class_names: Sequence[str] | None = None
) -> TextData:
    """Check texts and labels and bring them into one form.

    Args:
        texts: Texts; white space in them becomes single blanks, line breaks too.
        labels: Integers of any value, shape `(n,)`.
        class_names: Name of each label, in ascending order of the labels; None: their numbers.

    Returns:
        The data.

    Raises:
        DataError: One is empty or no text, there are fewer than two, or the counts differ (SA835).
    """
    found, marks = list(texts), np.asarray(labels)
    faulty = [i for i, t in enumerate(found) if not isinstance(t, str) or not t.strip()]
    if faulty:
        _wrong("`texts` must have words in each", f"{found[faulty[0]]!r} at {faulty[0]}")
    if len(found) < 2:
        _wrong("`texts` must be at least two", f"{len(found)}")
    if marks.ndim != 1 or not np.issubdtype(marks.dtype, np.integer) or len(marks) != len(found):
        form = f"{marks.dtype}{list(marks.shape)} for {len(found)}"
        _wrong("`labels` must be one integer for each text", form)
    lines = [" ".join(text.split()) for text in found]
    values, classes = np.unique(marks, return_inverse=True)
    known = [int(value) for value in values]
    names = list(class_names) if class_names is not None else [str(value) for value in known]
    digest = canonical_digest({"texts": lines, "labels": marks.tolist()})
    return TextData(lines, classes.astype(np.int64), known, names, digest)


def _wrong(what: str, got: str) -> NoReturn:
    """Refuse the data."""
    raise DataError("SA835", f"{what}, got {got}. Correct the data before fitting.")
