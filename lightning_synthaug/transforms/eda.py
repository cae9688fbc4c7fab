"""Easy data augmentation: four edits of words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from lightning_synthaug.transforms.wordnet import synonyms

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

__all__ = ["OPERATIONS", "Operation", "WordEdits"]

Operation: TypeAlias = Literal["synonyms", "insert", "swap", "delete"]

OPERATIONS: Final[tuple[Operation, ...]] = ("synonyms", "insert", "swap", "delete")
"""The four edits."""

#: A word, without the signs around it.
_WORD: Final = re.compile(r"\w(?:.*\w)?")
#: Words that carry grammar: they have no synonyms that fit.
_STOP_WORDS: Final = (
    "a about above after again against all am an and any are as at be because been before being below between both but "
    "by can did do does doing don down during each few for from further had has have having he her here hers herself "
    "him himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only "
    "or other our ours ourselves out over own s same she should so some such t than that the their theirs them "
    "themselves then there these they this those through to too under until up very was we were what when where which "
)
_STOP: Final = frozenset(_STOP_WORDS.split())


@final
class WordEdits:
    """Edit the words of a text by one of some operations, chosen at random.

    Words are what stands between white space. A word that takes another's place keeps the signs around it and its
    capital. What has no two words is left alone, and so is a text without synonyms by what needs them.

    Args:
        operations: Those to choose from: `"synonyms"` puts synonyms in place of words, `"insert"` puts synonyms of
            words anywhere, `"swap"` exchanges two words, `"delete"` leaves words out.
        alpha: Share of the words that is edited, at least one; for `"delete"`, the probability of each. In (0, 1].
        wordnet: Where the files of WordNet are, from `find_wordnet`.

    Source:
        Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks"
        (EMNLP 2019), doi:10.18653/v1/D19-1670.

    Example:
        >>> import numpy as np
        >>> swap = WordEdits(("swap",), alpha=0.1)
        >>> swap("A fine old film.", np.random.default_rng(1))
        'A old fine film.'
    """

    def __init__(
        self, operations: Sequence[Operation], *, alpha: float, wordnet: str | None = None
    ) -> None:
        self.operations = tuple(operations)
        self.alpha = alpha
        self.wordnet = wordnet

    def __call__(self, text: str, rng: np.random.Generator) -> str:
        """Edit one text.

        Args:
            text: The text.
            rng: All the randomness of the edit.

        Returns:
            The edited text, its words separated by single spaces.
        """
        words = text.split()
        operation = self.operations[rng.integers(len(self.operations))]
        if len(words) < 2:
            return text
        count = max(1, int(self.alpha * len(words)))
        edited: list[str] = getattr(self, f"_{operation}")(words, count, rng)
        return text if edited == words else " ".join(edited)

    def _synonyms(self, words: list[str], count: int, rng: np.random.Generator) -> list[str]:
        """Replace words that are not stop words."""
        edited = list(words)
        places = [place for place, word in enumerate(words) if self._known(word)]
        for place in rng.permutation(places)[:count]:
            edited[place] = _in_place(words[place], _one(self._known(words[place]), rng))
        return edited

    def _insert(self, words: list[str], count: int, rng: np.random.Generator) -> list[str]:
        """Put synonyms of words anywhere."""
        edited = list(words)
        known = [self._known(word) for word in words if self._known(word)]
        for _ in range(count if known else 0):
            new = _one(known[rng.integers(len(known))], rng)
            edited.insert(int(rng.integers(len(edited) + 1)), new)
        return edited

    def _swap(self, words: list[str], count: int, rng: np.random.Generator) -> list[str]:
        """Exchange two words, several times."""
        edited = list(words)
        for _ in range(count):
            first, second = rng.choice(len(edited), 2, replace=False)
            edited[first], edited[second] = edited[second], edited[first]
        return edited

    def _delete(self, words: list[str], count: int, rng: np.random.Generator) -> list[str]:
        """Leave words out; one of them stays."""
        del count
        edited = [
            word
            for word, draw in zip(words, rng.random(len(words)), strict=True)
            if draw >= self.alpha
        ]
        return edited or [_one(words, rng)]

    def _known(self, word: str) -> tuple[str, ...]:
        """List the synonyms of a word that is no stop word."""
        core = _WORD.search(word)
        plain = core[0].lower() if core else ""
        if not plain or plain in _STOP or self.wordnet is None:
            return ()
        return synonyms(plain, self.wordnet)


def _one(choices: Sequence[str], rng: np.random.Generator) -> str:
    """Choose one."""
    return choices[int(rng.integers(len(choices)))]


def _in_place(word: str, new: str) -> str:
    """Give a new word the capital of the old one, and the signs around it."""
    core = _WORD.search(word)
    assert core is not None
    new = new[:1].upper() + new[1:] if core[0][:1].isupper() else new
    return word[: core.start()] + new + word[core.end() :]
