"""How usual the letters of a text are, beside the letters of other texts: another language stands out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["LetterProfile"]

#: Letters that are looked at together, at most.
_ORDER: Final = 3
#: Letters of a text that are read: a language shows early.
_READ: Final = 400
#: How much is believed of shorter stretches of letters where longer ones are rare.
_PRIOR: Final = 4.0
#: Letters that there may be: what was never seen is one of them.
_ALPHABET: Final = 256
#: Bits of a letter's code point.
_BITS: Final = 21
_OTHER = re.compile(r"[\W\d_]+")


@final
class LetterProfile:
    """Stretches of up to three letters of texts, and how often each follows.

    Letters are told one by one from the two before, as in Cavnar & Trenkle, "N-gram-based text
    categorization" (1994), but smoothed (a Dirichlet prior for each order), so that a short text
    can be judged, too. Case, digits and punctuation do not count.

    Args:
        texts: What to learn from.

    Example:
        >>> profile = LetterProfile(["the cat sat on the mat", "a dog and the cat", "that is the one"])
        >>> profile.strangeness("the dog sat") < profile.strangeness("ein Hund fraß")
        True
    """

    def __init__(self, texts: Sequence[str]) -> None:
        rows = [_letters(text) for text in texts]
        self._known: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
        for order in range(_ORDER + 1):
            stretches = [_stretches(row, order) for row in rows]
            seen = np.unique(
                np.concatenate([*stretches, np.empty(0, np.int64)]), return_counts=True
            )
            self._known.append(seen)
        own = [self._bits(row, seen=1).mean() for row in rows if row.size > _ORDER]
        self._usual = float(np.mean(own)) if own else 0.0

    def strangeness(self, text: str) -> float | None:
        """Say how unusual the letters of a text are.

        Args:
            text: Any text.

        Returns:
            By how many bits a letter is harder to tell than one of the texts learnt from, times the
            root of how many there are: what chance explains is as large in a short text as in a
            long one. None for a text without letters.
        """
        row = _letters(text)
        if row.size <= _ORDER:
            return None
        bits = self._bits(row, seen=0)
        return float((bits.mean() - self._usual) * np.sqrt(bits.size))

    def _bits(self, row: npt.NDArray[np.int64], *, seen: int) -> npt.NDArray[np.float64]:
        """Count the bits that telling each letter takes; of texts learnt from, as if each was not."""
        chance = np.full(row.size - _ORDER + 1, 1 / _ALPHABET)
        for order in range(1, _ORDER + 1):
            whole = self._count(_stretches(row, order)[_ORDER - order :], order, seen)
            before = self._count(_stretches(row[:-1], order - 1)[_ORDER - order :], order - 1, seen)
            chance = (whole + _PRIOR * chance) / (np.maximum(before, whole) + _PRIOR)
        bits: npt.NDArray[np.float64] = -np.log2(chance)
        return bits

    def _count(
        self, stretches: npt.NDArray[np.int64], order: int, seen: int
    ) -> npt.NDArray[np.float64]:
        """Look up how often stretches were seen elsewhere."""
        known, counts = self._known[order]
        if not known.size:
            return np.zeros(stretches.size)
        place = np.minimum(np.searchsorted(known, stretches), known.size - 1)
        found = np.where(known[place] == stretches, counts[place], 0)
        if seen:
            _, which, own = np.unique(stretches, return_inverse=True, return_counts=True)
            found = found - own[which]
        return np.maximum(found, 0).astype(np.float64)


def _letters(text: str) -> npt.NDArray[np.int64]:
    """Take the code points of a text's letters, with one blank for all that lies between."""
    plain = f"  {_OTHER.sub(' ', text[:_READ].lower()).strip()} "
    return np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64)


def _stretches(row: npt.NDArray[np.int64], order: int) -> npt.NDArray[np.int64]:
    """Write each stretch of letters as a number."""
    numbers = np.zeros(max(row.size - order + 1, 0), np.int64)
    for place in range(order):
        numbers = (numbers << _BITS) | row[place : row.size - order + 1 + place]
    return numbers
