"""Texts by their words and by the letters of these: no weights, nothing to download."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.base import Embedding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["HashedNgrams", "text_of"]

_WORD: Final = re.compile(r"\w+|[^\w\s]")
#: Letters of a word that are taken together, its edges included.
_LETTERS: Final = (3, 4)


@final
class HashedNgrams(Embedding):
    """Hashed words, and hashed runs of three and four letters inside words, in equal parts.

    Changing a word leaves a text near to what it was: the distance is that of the share that
    changed. Case does not count. Hashing is that of Weinberger et al., "Feature hashing for large
    scale multitask learning" (ICML 2009), with signs, and CRC-32, which is the same everywhere.

    Args:
        width: Numbers in a vector, >= 1.
    """

    modality = "text"
    version: ClassVar[int] = 1

    def __init__(self, width: int = 2048) -> None:
        self.width = width

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors."""
        return {"width": self.width}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Embed texts.

        Args:
            records: With the field `text`.

        Returns:
            Vectors of length 1; zeros for a text without words. Shape `(n, width)`.

        Raises:
            GateError: A record has no text (SA450).
        """
        return np.stack([self._embed(text_of(record)) for record in records])

    def _embed(self, text: str) -> npt.NDArray[np.float32]:
        """Embed one text."""
        words = _WORD.findall(text.lower())
        letters = (
            f"<{word}>"[start : start + length]
            for word in words
            for length in _LETTERS
            for start in range(len(word) + 3 - length)
        )
        return _unit(_unit(self._hashed(words, 0)) + _unit(self._hashed(letters, 1)))

    def _hashed(self, parts: Iterable[str], kind: int) -> npt.NDArray[np.float32]:
        """Add up the roots of how often parts come, each at a place and with a sign of its own."""
        vector = np.zeros(self.width, np.float32)
        for part, count in Counter(parts).items():
            number = zlib.crc32(part.encode("utf-8", "surrogatepass"), kind)
            vector[(number >> 1) % self.width] += count**0.5 * (1 if number & 1 else -1)
        return vector


def text_of(record: Record) -> str:
    """Take the text out of a record.

    Args:
        record: With the field `text`.

    Raises:
        GateError: There is none (SA450).

    Example:
        >>> from lightning_synthaug.data import Record
        >>> text_of(Record({"text": "A fine film.", "label": 1}))
        'A fine film.'
    """
    text = record.get("text")
    if not isinstance(text, str):
        raise GateError(
            "SA450",
            f'A gate for texts needs the field "text" in each sample, got {record!r}. Use a gate for its modality, or '
            "pass `record=`.",
        )
    return text


def _unit(vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Scale a vector to length 1, unless it is 0."""
    return vector / np.float32(max(float(np.linalg.norm(vector)), 1e-12))
