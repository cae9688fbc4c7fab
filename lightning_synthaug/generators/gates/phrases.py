"""What language models say when they do not do what they were asked for, or say more than that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leaks", "refuses"]

_CANNOT = r"(?:cannot|can't|can not|(?:am|'m) (?:unable|not able) to|won't|will not|don't feel comfortable)"
_ASKED = (
    r"(?:help|assist|comply|provide|fulfill?|generate|creat\w+|writ\w+|answer|do (?:that|this)|paraphras\w+|rewrit\w+|"
    r"rephras\w+|translat\w+|continu\w+|engag\w+|process\w*|produc\w+|respond|discuss|complet\w+|summari[sz]\w+)"
)
_REFUSALS: Final = re.compile(
    rf"\bI ?{_CANNOT} (?:\w+ )?{_ASKED}\b"
    r"|^\W*(?:I(?:'m| am) (?:\w+ )?sorry|I apologi[sz]e|my apologies)[,.;:]? (?:but )?I ?"
    r"(?:cannot|can't|can not|am|'m)\b"
    r"|\bas an? (?:large )?(?:AI|artificial intelligence|language model)\b"
    r"|\bI(?:'m| am) (?:just |only )?an? (?:AI|large language model|language model)\b"
    r"|\b(?:against|violates?) (?:my|the|our) (?:\w+ )?(?:guidelines|programming|policy|policies)\b"
    r"|\bmy (?:knowledge cutoff|training data)\b",
    re.IGNORECASE,
)

_WORK = (
    r"(?:paraphrase|rewrite|rephrasing|translation|version|text|sentence|response|answer|output)s?"
)
_LEAKS: Final = re.compile(
    r"<\|?/?(?:s|bos|eos|pad|unk|sep|cls|mask|im_start|im_end|endoftext|think|system|user|assistant|"
    r"start_of_turn|end_of_turn|begin_of_text|end_of_text|eot_id|start_header_id|end_header_id|\w+_token)\|?>"
    r"|<\|[^|<>\n]{1,40}\|>|\[/?(?:INST|PAD|CLS|SEP|UNK|MASK)\]|<</?SYS>>"
    r"|^\s*#{2,} ?(?:instruction|input|response|output|system|user|assistant|task)s?\b"
    r"|^\s*(?:system|user|human|assistant|instruction|prompt|AI) ?: "
    rf"|\bhere(?:'s| is| are) (?:\w+ ){{0,4}}{_WORK}\b[^.!?\n]{{0,60}}:"
    r"|^\W*(?:sure|certainly|of course|absolutely|okay|ok)[,!.:]+ here\b"
    rf"|^\W*(?:re-?written |paraphrased |translated |original |new |revised )?{_WORK} ?(?:\d+ ?)?: "
    r"|\{\{?\s*(?:text|input|prompt|label|sentence|instruction|query|content)\s*\}?\}",
    re.IGNORECASE | re.MULTILINE,
)
#: Words of a prompt that do not come together by chance, and the least that a short prompt has.
_TOGETHER, _SHORTEST = 6, 3
_WORD = re.compile(r"\w+")


def refuses(text: str) -> bool:
    """Tell whether a language model refused, or spoke of itself.

    Args:
        text: What it wrote, in English.

    Example:
        >>> refuses("I'm sorry, but I cannot help with that."), refuses("I cannot recommend it enough!")
        (True, False)
    """
    return bool(_REFUSALS.search(text.replace("\u2019", "'")))


def leaks(text: str, prompts: Sequence[str] = ()) -> bool:
    """Tell whether a text holds more than was asked for: words of the prompt, or what introduces an answer.

    Args:
        text: What a language model wrote.
        prompts: What it was told; six words of it in a row are a leak, or all of three to five.

    Example:
        >>> leaks("Sure! Here is a paraphrase: a fine film."), leaks("Here is the place to be.")
        (True, False)
    """
    if _LEAKS.search(text.replace("\u2019", "'")):
        return True
    said = f" {_words(text)} "
    return any(f" {part} " in said for prompt in prompts for part in _parts(prompt))


def _words(text: str) -> str:
    """Keep the words alone."""
    return " ".join(_WORD.findall(text.lower()))


def _parts(prompt: str) -> list[str]:
    """Cut a prompt into overlapping stretches of words."""
    words = _words(prompt).split()
    starts = range(max(1, len(words) - _TOGETHER + 1)) if len(words) >= _SHORTEST else ()
    return [" ".join(words[start : start + _TOGETHER]) for start in starts]
