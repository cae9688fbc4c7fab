"""The generators of texts of lightning-synthaug, with a server that speaks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from lightning_synthaug.generators.text.paraphraser import Paraphraser
from lightning_synthaug.generators.text.writer import Writer
from synthaug_endpoint.endpoint import Endpoint
from synthaug_endpoint.speaker import ServerSpeaker

__all__ = ["EndpointParaphraser", "EndpointWriter"]


@final
class EndpointParaphraser(Paraphraser):
    """Have a language model behind a server say real texts otherwise.

    Prompts, gates and what becomes of an answer are those of `sa.LanguageModelParaphraser`. A server cannot promise the
    same text for the same seed, although each request carries one: what is in the cache is what stays the same.

    Args:
        server: The server, or its arguments by name.
        prompt: What the model is told: a `.txt` file or the words, with the place `{text}`, and `{label}` if you like.
            None: the package's own, three examples in English and the text.
        class_names: Names of the labels, for `{label}`: in order, or by label.
        temperature: How bold it is, >= 0.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        longest: Tokens of a text at most, >= 1.
        stop: Signs that a text ends before.
        field: Field of the sample that is said otherwise.
        batch_size: Texts that are asked for before any of them is stored, >= 1.
        name: What reports call it.
        licence: Licence of the samples, for the provenance.
        source: Where they come from, for the provenance; None: the address of the server.

    Raises:
        ConfigError: An argument is outside its range (SA481, SA520).

    Example:
        >>> from synthaug_endpoint import Endpoint
        >>> EndpointParaphraser(Endpoint("http://localhost:8000/v1", "smollm2")).conditioning
        'twin'
    """

    libraries: Sequence[str] = ("synthaug-endpoint",)

    def __init__(
        self,
        server: Endpoint | Mapping[str, Any],
        *,
        prompt: str | Path | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        temperature: float = 0.8,
        top_p: float = 0.95,
        longest: int = 64,
        stop: Sequence[str] = ("\n",),
        field: str = "text",
        batch_size: int = 32,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.server = server
        self.temperature = temperature
        self.top_p = top_p
        self.longest = longest
        self.stop = stop
        self.batch_size = batch_size
        self.name = name
        self.licence = licence
        endpoint = Endpoint.of(server)
        self.source = source or endpoint.url
        speaker = ServerSpeaker(
            endpoint, temperature=temperature, top_p=top_p, longest=longest, stop=stop
        )
        super().__init__(speaker, prompt=prompt, class_names=class_names, field=field)


@final
class EndpointWriter(Writer):
    """Have a language model behind a server write texts of the label asked for, after some real ones of it.

    Prompts, gates and what becomes of an answer are those of `sa.LanguageModelWriter`. A server cannot promise the same
    text for the same seed, although each request carries one: what is in the cache is what stays the same.

    Args:
        server: The server, or its arguments by name.
        examples: Real training texts: by label, or pairs of a text and its label, as the training set has them. They
            are sent to the server.
        class_names: Names of the labels, in order or by label; None: their numbers.
        prompt: What the model is told: a `.txt` file or the words, with the place `{examples}`, a line for each, and
            `{label}`. None: the package's own, a list that goes on.
        shots: Examples in a prompt, >= 1; fewer where a label has fewer.
        temperature: How bold it is, >= 0.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        longest: Tokens of a text at most, >= 1.
        stop: Signs that a text ends before.
        batch_size: Texts that are asked for before any of them is stored, >= 1.
        name: What reports call it.
        licence: Licence of the samples, for the provenance.
        source: Where they come from, for the provenance; None: the address of the server.

    Raises:
        ConfigError: An argument is outside its range, or there are no examples (SA481, SA520).
    """

    libraries: Sequence[str] = ("synthaug-endpoint",)

    def __init__(
        self,
        server: Endpoint | Mapping[str, Any],
        examples: Mapping[int, Sequence[str]] | Sequence[tuple[str, int]],
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        prompt: str | Path | None = None,
        shots: int = 5,
        temperature: float = 0.9,
        top_p: float = 0.95,
        longest: int = 64,
        stop: Sequence[str] = ("\n",),
        batch_size: int = 32,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.server = server
        self.temperature = temperature
        self.top_p = top_p
        self.longest = longest
        self.stop = stop
        self.batch_size = batch_size
        self.name = name
        self.licence = licence
        endpoint = Endpoint.of(server)
        self.source = source or endpoint.url
        speaker = ServerSpeaker(
            endpoint, temperature=temperature, top_p=top_p, longest=longest, stop=stop
        )
        super().__init__(speaker, examples, class_names=class_names, prompt=prompt, shots=shots)
