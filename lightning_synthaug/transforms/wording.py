"""Classical augmentation of texts by kind and strength."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint
from lightning_synthaug.transforms.eda import OPERATIONS, WordEdits
from lightning_synthaug.transforms.masked import MaskedWords
from lightning_synthaug.transforms.wordnet import find_wordnet

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["TextEdit", "text"]

TextEdit: TypeAlias = Literal[
    "eda", "synonyms", "insert", "swap", "delete", "keyboard", "spelling", "contextual"
]

_STRENGTHS: Final = {"light": 0.05, "medium": 0.1, "strong": 0.2}
#: From this many samples on, EDA's authors edit more of each text (their table 3).
_MANY: Final = 5000


def text(
    kind: TextEdit = "eda",
    *,
    strength: Literal["light", "medium", "strong"] | float | None = None,
    samples: int | None = None,
    wordnet: str | Path | None = None,
    model: str | Path | None = None,
) -> Any:
    """Make a transform that edits the words or letters of texts.

    Of `"eda"` each text gets one of four edits at random: `"synonyms"`, `"insert"`, `"swap"`, `"delete"`; each of
    these goes by itself, too. `"keyboard"` hits neighbouring keys and `"spelling"` makes mistakes that people make,
    both by nlpaug and for English; `"contextual"` has a masked language model put other words in place.

    EDA's edits are this project's own: nlpaug has no insertion of synonyms, exchanges neighbours only, and downloads
    WordNet by itself. Its contextual edits do not run with transformers 5.

    Args:
        kind: What is done.
        strength: Share of the words that is edited, in (0, 1]: a number, or `"light"` (0.05), `"medium"` (0.1) or
            `"strong"` (0.2). None: what EDA's authors advise for `samples`.
        samples: Real training samples, >= 1. Below 5,000 it is 0.05, else, and where it is not said, 0.1.
        wordnet: Folder of WordNet's files, for synonyms; None: where they usually are.
        model: Folder of a masked language model of transformers (BERT, RoBERTa, DistilBERT), for `"contextual"`.

    Returns:
        A function of a text and a `rng`, or an augmenter of nlpaug; `transform=` takes both.

    Raises:
        ConfigError: `kind` or `strength` is another, or `model` is missing or no folder of such a model (SA213).
        MissingDependency: WordNet's files are not found (SA831), or nlpaug is not installed (SA830).

    Source:
        Wei and Zou, "EDA: Easy Data Augmentation Techniques for Boosting Performance on Text Classification Tasks"
        (EMNLP 2019), doi:10.18653/v1/D19-1670.

    Example:
        >>> import numpy as np
        >>> text("delete", strength=0.3)("One of many fine old films.", np.random.default_rng(0))
        'One old films.'
    """
    alpha = _alpha(strength, samples)
    if kind not in get_args(TextEdit):
        words = ", ".join(map(repr, get_args(TextEdit)))
        msg = f"`kind` must be one of {words}, got {kind!r}. Choose one of these."
        raise ConfigError("SA213", msg)
    if kind == "eda" or kind in OPERATIONS:
        operations = OPERATIONS if kind == "eda" else (kind,)
        reads = kind in ("eda", "synonyms", "insert")
        return WordEdits(operations, alpha=alpha, wordnet=find_wordnet(wordnet) if reads else None)
    if kind == "contextual":
        return MaskedWords(model, alpha=alpha)
    char, word = _nlpaug()
    if kind == "spelling":
        return word.SpellingAug(aug_p=alpha)
    return char.KeyboardAug(
        aug_word_p=alpha,
        aug_char_max=1,
        include_special_char=False,
        include_numeric=False,
        include_upper_case=False,
    )


def _alpha(strength: str | float | None, samples: int | None) -> float:
    """Find out which share of the words is edited."""
    if strength is None:
        strength = "medium" if samples is None or samples >= _MANY else "light"
    alpha = _STRENGTHS.get(strength) if isinstance(strength, str) else strength
    if alpha is None or not 0 < alpha <= 1:
        words = ", ".join(map(repr, _STRENGTHS))
        msg = f"`strength` must be one of {words} or a share in (0, 1], got {strength!r}. Choose one of these."
        raise ConfigError("SA213", msg)
    return alpha


def _nlpaug() -> tuple[Any, Any]:
    """Import nlpaug's edits of letters and of words; it takes seconds."""
    try:
        import nlpaug.augmenter.char as char
        import nlpaug.augmenter.word as word
    except ImportError as error:
        msg = f"This transform of texts needs nlpaug, got {error}. {install_hint('text')}"
        raise MissingDependency("SA830", msg) from error
    return char, word
