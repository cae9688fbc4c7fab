"""What a server answered, read with care: it may be anything."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from lightning_synthaug.generators import Rejection

__all__ = ["SCHEMA", "Answer", "error_text", "read_answer"]

#: What a conversation asks for where answers are to be structured.
SCHEMA: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "text",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"text": {"type": "string"}},
            "required": ["text"],
            "additionalProperties": False,
        },
    },
}
#: Characters that are kept of what a server says of an error.
_LONGEST: Final = 160


class Answer(NamedTuple):
    """A text that came back.

    Attributes:
        text: What was written.
        model: Name of the model, as the server tells it, or None.
        fingerprint: What the server tells of its state, or None.
        tokens: Tokens read and written, or None where the server does not tell.
    """

    text: str
    model: str | None
    fingerprint: str | None
    tokens: tuple[int, int] | None


def read_answer(content: bytes, *, structured: bool) -> Answer | Rejection:
    """Read the body of an answer.

    Args:
        content: The body.
        structured: Whether JSON was asked for.

    Returns:
        The text, or a rejection where the server's filter or its limit left none.

    Raises:
        ValueError: It is no answer as the protocol has it.
    """
    try:
        body = json.loads(content)
        choice = body["choices"][0]
        message = choice.get("message")
        text = choice["text"] if message is None else message.get("content")
        ended = choice.get("finish_reason")
        refused = ended == "content_filter" or bool(message and message.get("refusal"))
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise ValueError("what it sends is no answer") from None
    if refused:
        return Rejection("refused by the server's filter")
    if text is None and ended == "length":
        text = ""
    if not isinstance(text, str):
        raise ValueError("what it sends has no text")
    if structured and text.lstrip().startswith("{"):
        try:
            text = json.loads(text)["text"]
        except (ValueError, RecursionError, LookupError, TypeError):
            return Rejection("not the JSON asked for")
        if not isinstance(text, str):
            return Rejection("not the JSON asked for")
    text = text.encode(errors="replace").decode()  # half of a surrogate pair cannot be stored
    return Answer(text, _said(body, "model"), _said(body, "system_fingerprint"), _tokens(body))


def error_text(content: bytes) -> str:
    """Find what a server says of an error.

    Args:
        content: The body.

    Returns:
        At most 160 characters in one line; empty where it says nothing.
    """
    try:
        found: Any = json.loads(content)
        for name in ("error", "message", "detail"):
            found = found.get(name, found) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        found = content.decode(errors="replace")
    return " ".join(str(found).split())[:_LONGEST]


def _said(body: dict[str, Any], name: str) -> str | None:
    """Read a name that a server tells of itself."""
    value = body.get(name)
    return value[:200] if isinstance(value, str) and value else None


def _tokens(body: dict[str, Any]) -> tuple[int, int] | None:
    """Read how many tokens it took."""
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return None
    counts = [usage.get("prompt_tokens"), usage.get("completion_tokens")]
    good = [count for count in counts if type(count) is int and count >= 0]
    return (good[0], good[1]) if len(good) == 2 else None
