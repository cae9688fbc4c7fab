"""A server and how it is spoken to: where it is, which model, how much at once, for how long."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final
from urllib.parse import SplitResult, urlsplit

from lightning_synthaug.errors import ConfigError, GeneratorError
from synthaug_endpoint.budget import Budget

__all__ = ["Endpoint"]

#: What a header can hold.
_KEY: Final = re.compile(r"[\x21-\x7e]+")


@final
@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible server: vLLM, llama.cpp, TGI, Ollama, `transformers serve`, or a hosted one.

    Args:
        url: Where it is, such as `"http://localhost:8000/v1"`; without a password or a query, which could be secrets.
        model: Name of the model there.
        key_from: Name of the environment variable that holds the key, such as `"OPENAI_API_KEY"`; None: no key. The key
            itself is read when a request is sent, and kept nowhere.
        concurrency: Requests that are under way at once, >= 1.
        timeout: How long one text may take, with all that is tried for it, > 0. Seconds.
        structured: Whether conversations ask for an answer as JSON of a schema. A server that refuses that is asked
            without; one that takes no notice of it is read as it answers.
        more: Further fields of each request that your server knows, such as `{"top_k": 50}`; a field of None is left
            out.
        revision: What tells the model from others of the same name: a server cannot be asked, and samples in the cache
            are served for as long as name and revision stay the same.
        budget: What may be spent, or None.

    Raises:
        ConfigError: An argument cannot be used (SA520).

    Example:
        >>> Endpoint("http://localhost:8000/v1", "SmolLM2-135M-Instruct").concurrency
        8
    """

    url: str
    model: str
    key_from: str | None = None
    concurrency: int = 8
    timeout: float = 30.0
    structured: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)
    revision: str | None = None
    budget: Budget | None = None

    def __post_init__(self) -> None:
        """Check the arguments."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not _port(parts):
            raise ConfigError(
                "SA520",
                '`url` must begin with "http://" or "https://" and name a server, got another form. Pass for example '
                '"http://localhost:8000/v1".',
            )
        if parts.username or parts.password or parts.query:
            raise ConfigError(
                "SA520",
                f"`url` must be free of names, passwords and queries, got some for {parts.hostname!r}. Put the key "
                'into an environment variable and name it: key_from="OPENAI_API_KEY".',
            )
        checks = (
            ("model", bool(self.model), "the name of a model"),
            ("concurrency", self.concurrency >= 1, "at least 1"),
            ("timeout", self.timeout > 0, "above 0 seconds"),
        )
        for name, good, wanted in checks:
            if not good:
                msg = f"`{name}` must be {wanted}, got {getattr(self, name)!r}. Correct it."
                raise ConfigError("SA520", msg)

    @classmethod
    def of(cls, server: Endpoint | Mapping[str, Any]) -> Endpoint:
        """Take a server as code or as a file describes it.

        Args:
            server: An endpoint, or its arguments by name, as from YAML.

        Raises:
            ConfigError: An argument cannot be used, or there is no such argument (SA520).
        """
        if isinstance(server, Endpoint):
            return server
        try:
            given = dict(server)
            budget = given.get("budget")
            if isinstance(budget, Mapping):
                given["budget"] = Budget(
                    **{**budget, "prices": tuple(budget.get("prices", (0.0, 0.0)))}
                )
            return cls(**given)
        except TypeError as error:
            msg = f"`server` must be an Endpoint or its arguments by name, got {error}. Correct the names."
            raise ConfigError("SA520", msg) from error

    def key(self) -> str | None:
        """Read the key.

        Returns:
            The key, or None where none is needed.

        Raises:
            GeneratorError: The variable is not there, or holds no key (SA522).
        """
        if self.key_from is None:
            return None
        key = os.environ.get(self.key_from, "").strip()
        if not _KEY.fullmatch(key):
            got = "something that no header can hold" if key else "nothing"
            msg = (
                f"The environment variable `{self.key_from}` must hold the key of the server, got {got}. Set it where "
                "training is started, or name another one by `key_from=`."
            )
            raise GeneratorError("SA522", msg)
        return key

    def scrubbed(self, text: str) -> str:
        """Take the key out of what a server said.

        Args:
            text: Its words.
        """
        key = os.environ.get(self.key_from or "", "").strip()
        return text.replace(key, "***") if key else text


def _port(parts: SplitResult) -> bool:
    """Tell whether the port can be one."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False
