"""Prompts as files that users can edit: a conversation, or the beginning of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any, Final, final

from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Prompt", "read_prompt"]

_ROLE: Final = re.compile(r"^\[(system|user|assistant)\][ \t]*$", re.MULTILINE)


@final
@dataclass(frozen=True)
class Prompt:
    r"""What a language model is told, with places to fill in.

    Lines `[system]`, `[user]` and `[assistant]` make it a conversation: a model with a form for chats gets it in that
    form, and writes the answer of an assistant; words after a last `[assistant]` begin that answer. Without such
    lines it is the beginning of a text, which the model goes on with as it is. Models without a form for chats get
    what is between the lines, too.

    Args:
        text: The prompt. Places are named in braces, `{text}`; braces of its own are doubled.

    Example:
        >>> Prompt("Sentence: {text}\nIn other words:").told({"text": "A fine film."})
        'Sentence: A fine film.\nIn other words:'
    """

    text: str

    @cached_property
    def turns(self) -> list[tuple[str, str]]:
        """Roles and what they say; none where it is no conversation."""
        parts = _ROLE.split(self.text)
        return [(role, said.strip()) for role, said in zip(parts[1::2], parts[2::2], strict=True)]

    @property
    def places(self) -> set[str]:
        """Names of the places to fill in."""
        return {name for _, name, _, _ in Formatter().parse(self.text) if name is not None}

    def said(self) -> list[str]:
        """List what the model is told besides what is filled in, for a gate that looks for it in its answers."""
        turns = [said for _, said in self.turns] or [self.text]
        parts = [part for said in turns for part, *_ in Formatter().parse(said)]
        return [part.strip() for part in parts if part.strip()]

    def told(self, values: Mapping[str, str], tokenizer: Any = None) -> str:
        """Fill in the places.

        Args:
            values: What belongs where.
            tokenizer: One of transformers, whose form for chats is used where there is one; or None.

        Returns:
            What the model is to go on with.
        """
        if not self.turns:
            return self.text.format_map(values).strip()
        messages = self.messages(values)
        if not self.chats(tokenizer):
            return "\n".join(each["content"] for each in messages if each["content"])
        begun = messages.pop()["content"] if messages[-1]["role"] == "assistant" else ""
        form: str = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        return form + begun

    def messages(self, values: Mapping[str, str]) -> list[dict[str, str]]:
        """Fill in the places of a conversation.

        Args:
            values: What belongs where.

        Returns:
            `role` and `content` of each turn; nothing where it is no conversation.
        """
        return [
            {"role": role, "content": said.format_map(values).strip()} for role, said in self.turns
        ]

    def chats(self, tokenizer: Any) -> bool:
        """Tell whether the tokenizer's form for chats is used, which has the signs for begin and end already."""
        return bool(self.turns) and getattr(tokenizer, "chat_template", None) is not None


def read_prompt(
    prompt: str | Path | None, default: str, needed: Iterable[str], known: Iterable[str]
) -> Prompt:
    """Read a prompt: of a file, of a text, or the one of this package.

    Args:
        prompt: A file (a path that ends in `.txt`), the prompt itself, or None.
        default: File of this package for None.
        needed: Places that it must have.
        known: Places that it may have, too.

    Returns:
        The prompt.

    Raises:
        ConfigError: The file is missing, or it lacks a place or has another one (SA481).
    """
    if prompt is None:
        text = files(__package__).joinpath("assets", default).read_text("utf-8")
    elif isinstance(prompt, Path) or prompt.endswith(".txt"):
        try:
            text = Path(prompt).read_text("utf-8")
        except OSError as error:
            msg = f"`prompt` must be a file that can be read or a text, got {str(prompt)!r} ({error}). Correct it."
            raise ConfigError("SA481", msg) from error
    else:
        text = prompt
    needed, known = set(needed), set(known)
    try:
        made = Prompt(text)
        places = made.places
    except ValueError as error:  # a single brace
        msg = f"`prompt` must have its own braces doubled, got {text!r} ({error}). Write {{{{ and }}}}."
        raise ConfigError("SA481", msg) from error
    if not needed <= places or not places <= needed | known:
        msg = (
            f"`prompt` must have the places {sorted(needed)} and may have {sorted(known)}, got {sorted(places)}. Name "
            "them in braces."
        )
        raise ConfigError("SA481", msg)
    return made
