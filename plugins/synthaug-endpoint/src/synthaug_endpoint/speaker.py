"""A language model behind a server, as something that speaks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, final

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators import Rejection
from lightning_synthaug.generators.text.prompts import Prompt
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.speaker import AbstractSpeaker
from lightning_synthaug.generators.text.tidy import before, tidied
from synthaug_endpoint.answers import SCHEMA
from synthaug_endpoint.asking import Asker, Query, Reply
from synthaug_endpoint.endpoint import Endpoint

__all__ = ["ServerSpeaker"]

#: Tokens that the marks of a conversation may take, for each turn; and those of JSON around a text.
_MARKS, _BRACES = 16, 16
#: Bits that a seed is cut down to: some servers take no more.
_SEED_BITS: Final = 31


@final
class ServerSpeaker(AbstractSpeaker):
    """Fill in a prompt, have a server go on, and tidy up what it wrote.

    Prompts with roles are sent as conversations, others as the beginning of a text.

    Args:
        endpoint: The server.
        temperature: How bold it is, >= 0.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        longest: Tokens of a text at most, >= 1.
        stop: Signs that a text ends before.

    Raises:
        ConfigError: A number is outside its range (SA481, SA520).
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        temperature: float,
        top_p: float,
        longest: int,
        stop: Sequence[str],
    ) -> None:
        Sampling(temperature=temperature, top_p=top_p)  # it checks them
        if longest < 1:
            msg = f"`longest` must be at least 1 token, got {longest!r}. Correct it."
            raise ConfigError("SA520", msg)
        self.endpoint = endpoint
        self.temperature = temperature
        self.top_p = top_p
        self.longest = longest
        self.stop = stop
        self._asker: Asker | None = None
        self._loaded = False
        # Of the last two batches: one is stored while the next one is made.
        self._told: tuple[dict[int, Any], dict[int, Any]] = ({}, {})

    def settings(self) -> dict[str, Any]:
        """List what changes the samples, as far as it can be known: the model by its name alone."""
        return {
            "model": self.endpoint.model,
            "revision": self.endpoint.revision,
            "verifiable": False,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "longest": self.longest,
            "stop": list(self.stop),
            "structured": self.endpoint.structured,
            "more": dict(self.endpoint.more),
        }

    def load(self, device: str) -> None:
        """Look for the key; the server itself is not asked before there is something to write.

        Args:
            device: It does not matter.

        Raises:
            GeneratorError: The key is not in its environment variable (SA522).
        """
        del device
        self.endpoint.key()
        self._asker = self._asker or Asker(self.endpoint)
        self._loaded = True

    def unload(self) -> None:
        """Speak no more; what is known of the server is remembered."""
        self._loaded = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what another process has to learn by itself."""
        return {**self.__dict__, "_asker": None, "_loaded": False, "_told": ({}, {})}

    def particulars(self, seed: int) -> dict[str, Any]:
        """Say what the server told of a text of the last two batches."""
        return dict(self._told[1].get(seed) or self._told[0].get(seed) or {})

    def say(
        self,
        prompt: Prompt,
        values: Sequence[Mapping[str, str]],
        seeds: Sequence[int],
        *,
        name: str,
    ) -> list[str | Rejection]:
        """Have texts written."""
        if self._asker is None or not self._loaded:
            msg = f'Generator "{name}" must be loaded before it generates, got no server.'
            raise GeneratorError("SA413", f"{msg} Call generator.load() first.")
        queries = [self._query(prompt, one, seed) for one, seed in zip(values, seeds, strict=True)]
        replies = self._asker.ask(queries, name=name)
        self._told = (
            self._told[1],
            {
                seed: _particulars(reply)
                for seed, reply in zip(seeds, replies, strict=True)
                if isinstance(reply, Reply)
            },
        )
        return [
            reply
            if isinstance(reply, Rejection)
            else tidied(before(reply.answer.text.strip(), self.stop))
            for reply in replies
        ]

    def _query(self, prompt: Prompt, values: Mapping[str, str], seed: int) -> Query:
        """Write out a request."""
        endpoint, written = self.endpoint, self.longest
        body: dict[str, Any] = {"model": endpoint.model}
        body |= {"temperature": self.temperature, "top_p": self.top_p}
        body |= {"max_tokens": self.longest, "seed": seed >> (64 - _SEED_BITS)}
        if self.stop:
            body["stop"] = list(self.stop)
        if prompt.turns:
            path, body["messages"] = "chat/completions", prompt.messages(values)
            read = _bytes(body["messages"]) + _MARKS * len(body["messages"])
            if endpoint.structured:
                written += _BRACES
                body |= {"max_tokens": written, "response_format": SCHEMA}
                body.pop("stop", None)  # JSON may have lines
        else:
            path, body["prompt"] = "completions", prompt.told(values)
            read = _bytes(body["prompt"]) + _MARKS
        body |= endpoint.more
        body = {field: value for field, value in body.items() if value is not None}
        return Query(path, body, (read, written))


def _bytes(value: Any) -> int:
    """Count the bytes of what is sent: tokens are no more, whatever the tokenizer."""
    return len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def _particulars(reply: Reply) -> dict[str, Any]:
    """Say what came with a text."""
    answer = reply.answer
    told: dict[str, Any] = {"tries": reply.tries, "served_model": answer.model}
    told |= {"served_fingerprint": answer.fingerprint, "tokens": answer.tokens and [*answer.tokens]}
    return {name: value for name, value in told.items() if value is not None}
