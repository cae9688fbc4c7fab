"""How near texts are to the nearest of some others, by the words that differ."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Final, final

import numpy as np

from lightning_synthaug.generators.gates.embeddings import HashedNgrams
from lightning_synthaug.generators.gates.kernel import squared_distances
from lightning_synthaug.generators.gates.nearest import Nearest
from lightning_synthaug.generators.gates.real import in_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["NearestTexts", "word_edits", "words_of"]

_WORD: Final = re.compile(r"\w+")
#: Texts with the likest letters, whose words are compared.
_CANDIDATES: Final = 16
#: Texts that are compared at once.
_AT_ONCE: Final = 256


@final
class NearestTexts(Nearest):
    """Count the words that must be put in, left out or changed.

    The distance is that number over the words of the longer text (Levenshtein, "Binary codes capable
    of correcting deletions, insertions, and reversals", 1966, of words); case and punctuation do not
    count. Texts to compare with are those with the likest letters, see `HashedNgrams`.

    Args:
        references: The references, three at least, with the field `text`.
    """

    def __init__(self, references: Sequence[Record]) -> None:
        self._embedding = HashedNgrams()
        parts = [
            (self._embedding.embed(part), [words_of(str(r["text"])) for r in part])
            for part in in_parts(references)
        ]
        self._vectors = np.concatenate([vectors for vectors, _ in parts])
        self._words = [words for _, part in parts for words in part]

    def distances(
        self, records: Sequence[Record], own: Sequence[int] | None = None
    ) -> npt.NDArray[np.float64]:
        """Measure samples."""
        count = min(_CANDIDATES, len(self._words) - 1)
        found: list[npt.NDArray[np.float64]] = []
        for start in range(0, len(records), _AT_ONCE):
            part = records[start : start + _AT_ONCE]
            apart = squared_distances(self._embedding.embed(part), self._vectors)
            if own is not None:
                apart[np.arange(len(part)), np.asarray(own[start : start + _AT_ONCE])] = np.inf
            near = np.argpartition(apart, count - 1, axis=1)[:, :count]
            for record, candidates in zip(part, near, strict=True):
                words, others = words_of(str(record["text"])), [self._words[i] for i in candidates]
                longer = [max(1, len(words), len(other)) for other in others]
                found.append(np.sort(word_edits(words, others) / longer)[:2])
        return np.stack(found)


def words_of(text: str) -> npt.NDArray[np.int64]:
    """Number the words of a text; numbers are the same for the same word.

    Args:
        text: Any; case and punctuation do not count.

    Returns:
        Shape `(words,)`.
    """
    words = _WORD.findall(text.lower())
    return np.array([zlib.crc32(word.encode()) for word in words], np.int64)


def word_edits(
    text: npt.NDArray[np.int64], others: Sequence[npt.NDArray[np.int64]]
) -> npt.NDArray[np.int64]:
    """Count the words that must be put in, left out or changed to make a text into each of others.

    Args:
        text: As of `words_of`.
        others: As of `words_of`, one at least.

    Returns:
        Shape `(others,)`.

    Example:
        >>> word_edits(words_of("Give me two"), [words_of("give me to"), words_of("two")]).tolist()
        [1, 2]
    """
    # Word by word of the one, all words of the others at once.
    lengths = np.array([len(other) for other in others])
    table = np.full((len(others), int(lengths.max())), -1, np.int64)
    for row, other in zip(table, others, strict=True):
        row[: len(other)] = other
    steps = np.arange(table.shape[1] + 1)
    edits = np.tile(steps, (len(others), 1))
    for word in text:
        changed = edits[:, :-1] + (table != word)
        best = np.concatenate([edits[:, :1] + 1, np.minimum(changed, edits[:, 1:] + 1)], axis=1)
        # A word put in costs one more than the place before it.
        edits = np.minimum.accumulate(best - steps, axis=1) + steps
    counts: npt.NDArray[np.int64] = edits[np.arange(len(others)), lengths]
    return counts
