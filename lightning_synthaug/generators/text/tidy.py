"""What a language model wrote, without the marks of a list or a quotation around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["before", "tidied"]

_BULLET: Final = re.compile(r"^\s*(?:[-*\u2022]|\d{1,2}[.)])\s+")
#: Signs that open a quotation, and those that close it.
_QUOTES: Final = {'"': '"', "'": "'", "\u201c": "\u201d", "\u00ab": "\u00bb", "`": "`"}


def tidied(text: str) -> str:
    r"""Take the first paragraph, without a bullet and without quotes around all of it.

    Args:
        text: What was written.

    Returns:
        One line; empty where nothing is left.

    Example:
        >>> tidied('- "A fine film."\n- Another one.')
        'A fine film.'
    """
    lines = [line for line in text.splitlines() if line.strip()]
    line = _BULLET.sub("", lines[0]).strip() if lines else ""
    closing = _QUOTES.get(line[:1])
    if closing and len(line) > 1 and line.endswith(closing) and closing not in line[1:-1]:
        line = line[1:-1].strip()
    return line


def before(text: str, stop: Iterable[str]) -> str:
    r"""Cut a text off where one of the signs to stop begins.

    Args:
        text: What was written.
        stop: The signs.

    Example:
        >>> before("One.\nTwo.", ["\n", "#"])
        'One.'
    """
    return text[
        : min((place for sign in stop if (place := text.find(sign)) >= 0), default=len(text))
    ]
