"""A language model with a prompt: what the generators that paraphrase and write have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.request import Rejection
from lightning_synthaug.generators.text.model import TextModel
from lightning_synthaug.generators.text.pretrained import model_digest
from lightning_synthaug.generators.text.tidy import tidied

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lightning_synthaug.generators.text.adapter import Adapter
    from lightning_synthaug.generators.text.prompts import Prompt
    from lightning_synthaug.generators.text.sampling import Sampling

__all__ = ["Speaker"]


@final
class Speaker:
    """Fill in a prompt, have a model go on, and tidy up what it wrote.

    Args:
        model: A folder, a GGUF file, or the name of a model on the Hub.
        revision: Commit, tag or branch there, or None.
        dtype: Name of a torch dtype.
        how: How tokens are chosen.
        longest: Tokens of a text at most, >= 1.
        stop: Signs that a text ends before.
        batch_size: Rows of a batch, >= 1.
        adapter: What was fitted on top of the model, or None.
    """

    def __init__(
        self,
        model: str | Path,
        revision: str | None,
        *,
        dtype: str,
        how: Sampling,
        longest: int,
        stop: Sequence[str],
        batch_size: int,
        adapter: Adapter | None = None,
    ) -> None:
        self.model = model
        self.revision = revision
        self.dtype = dtype
        self.how = how
        self.longest = longest
        self.stop = stop
        self.batch_size = batch_size
        self.adapter = adapter
        self.loaded: TextModel | None = None

    def settings(self) -> dict[str, Any]:
        """List what changes the samples; the model by what is in its files."""
        digest = (
            {"model": model_digest(self.model, self.revision)}
            if self.adapter is None
            else self.adapter.settings()
        )
        return {
            **digest,
            "dtype": self.dtype,
            "longest": self.longest,
            "stop": list(self.stop),
            **self.how.settings(),
        }

    def load(self, device: str) -> None:
        """Read the model onto a torch device."""
        if self.adapter is not None:
            self.adapter.check(self.model, self.revision)
        self.loaded = TextModel(
            self.model,
            self.revision,
            device=device,
            dtype=self.dtype,
            batch_size=self.batch_size,
            adapter=self.adapter,
        )

    def unload(self) -> None:
        """Give back its memory."""
        self.loaded = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model behind: it is read where it is needed."""
        return {**self.__dict__, "loaded": None}

    def say(
        self,
        prompt: Prompt,
        values: Sequence[Mapping[str, str]],
        seeds: Sequence[int],
        *,
        name: str,
    ) -> list[str | Rejection]:
        """Have texts written.

        Args:
            prompt: What the model is told.
            values: What is filled in for each.
            seeds: Seed of each.
            name: Name of the generator, for the message.

        Returns:
            One line for each, or a rejection where the prompt is too long.

        Raises:
            GeneratorError: The model is not loaded (SA413).
        """
        if self.loaded is None:
            msg = f'Generator "{name}" must be loaded before it generates, got no model.'
            raise GeneratorError("SA413", f'{msg} Call generator.load("cpu") first.')
        tokenizer = self.loaded.tokenizer
        made = self.loaded.complete(
            [prompt.told(one, tokenizer) for one in values],
            seeds,
            self.how,
            longest=self.longest,
            stop=self.stop,
            special=not prompt.chats(tokenizer),
        )
        return [
            Rejection("the prompt is too long for the model") if text is None else tidied(text)
            for text in made
        ]
