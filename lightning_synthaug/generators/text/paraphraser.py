"""A language model that says real texts in other words."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from lightning_synthaug.generators.gates.length_ratio import LengthRatio
from lightning_synthaug.generators.gates.valid_text import ValidText
from lightning_synthaug.generators.text.prompts import Prompt, read_prompt
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.speaker import AbstractSpeaker, Speaker
from lightning_synthaug.generators.text.speaking import Speaking
from lightning_synthaug.generators.text.twin import TextVariants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.base import Gate
    from lightning_synthaug.generators.request import Rejection, Request

__all__ = ["LanguageModelParaphraser", "Paraphraser", "labels_of"]


class Paraphraser(Speaking, TextVariants):
    """Have something that speaks say real texts otherwise, wherever it is.

    Args:
        speaker: Writes the texts.
        prompt: What it is told: a `.txt` file or the words, with the place `{text}`, and `{label}` if you like. None:
            the package's own.
        class_names: Names of the labels, for `{label}`: in order, or by label.
        field: Field of the sample that is said otherwise.
    """

    def __init__(
        self,
        speaker: AbstractSpeaker,
        *,
        prompt: str | Path | None,
        class_names: Sequence[str] | Mapping[int, str] | None,
        field: str,
    ) -> None:
        self.prompt = prompt
        self.class_names = class_names
        self.field = field
        self._speaker = speaker

    @cached_property
    def told(self) -> Prompt:
        """What the model is told, with its places.

        Raises:
            ConfigError: The file is missing, or the places are others (SA481).
        """
        return read_prompt(self.prompt, "paraphrase.txt", needed=["text"], known=["label"])

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples."""
        names = self.class_names
        return {
            **self._speaker.settings(),
            "prompt": self.told.text,
            "field": self.field,
            "class_names": names if names is None else dict(labels_of(names)),
        }

    def default_gates(self) -> Sequence[Gate]:
        """Refuse what is no whole text, refusals, words of the prompt, and what is much shorter or longer."""
        return (ValidText(prompts=self.told.said()), LengthRatio(field=self.field))

    def particulars(self, request: Request) -> dict[str, Any]:
        """Say what the speaker tells of one text."""
        return self._speaker.particulars(request.seed)

    def say(self, texts: Sequence[str], requests: Sequence[Request]) -> list[str | Rejection]:
        """Have the speaker say texts otherwise."""
        names = dict(labels_of(self.class_names or ()))
        values = [
            {"text": text, "label": _label(request.twin, names)}
            for text, request in zip(texts, requests, strict=True)
        ]
        seeds = [request.seed for request in requests]
        name = self.name or type(self).__name__
        return self._speaker.say(self.told, values, seeds, name=name)


@final
class LanguageModelParaphraser(Paraphraser):
    """Have a language model say real texts otherwise.

    Any causal or encoder-decoder model of transformers does, also as GGUF. Each text is drawn by the seed of its
    request, whatever else is in the batch. A run that names no gates has those of `default_gates`; `Meaning` is worth
    its encoder.

    Args:
        model: A folder, a GGUF file, or the name of a model on the Hugging Face Hub.
        prompt: What the model is told: a `.txt` file or the words, with the place `{text}`, and `{label}` if you
            like. None: the package's own, three examples in English and the text.
        class_names: Names of the labels, for `{label}`: in order, or by label.
        temperature: Divides the logits, >= 0; 0 takes the likeliest token each time.
        top_k: Tokens to sample from, the likeliest ones, >= 1; None: all.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        repetition_penalty: Above 1, tokens that were there, also in the prompt, are less likely.
        longest: Tokens of a text at most, >= 1.
        stop: Signs that a text ends before.
        field: Field of the sample that is said otherwise.
        dtype: Precision of the model.
        revision: Commit, tag or branch on the Hub, or None.
        batch_size: Texts of a batch, >= 1; all batches are filled up to it.
        name: What reports call it.
        licence: Licence of the samples, for the provenance.
        source: Where the model comes from, for the provenance.

    Raises:
        ConfigError: A number is outside its range (SA481).
    """

    version: ClassVar[int] = 1
    libraries: Sequence[str] = ("transformers", "tokenizers")

    def __init__(
        self,
        model: str | Path,
        *,
        prompt: str | Path | None = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        temperature: float = 0.8,
        top_k: int | None = 50,
        top_p: float = 0.95,
        repetition_penalty: float = 1.0,
        longest: int = 64,
        stop: Sequence[str] = ("\n",),
        field: str = "text",
        dtype: Literal["float32", "bfloat16", "float16"] = "float32",
        revision: str | None = None,
        batch_size: int = 16,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.model = model
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.repetition_penalty = repetition_penalty
        self.longest = longest
        self.stop = stop
        self.dtype = dtype
        self.revision = revision
        self.batch_size = batch_size
        self.name = name
        self.licence = licence
        self.source = source
        how = Sampling(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            repetition_penalty=repetition_penalty,
        )
        speaker = Speaker(
            model,
            revision,
            dtype=dtype,
            how=how,
            longest=longest,
            stop=stop,
            batch_size=batch_size,
        )
        super().__init__(speaker, prompt=prompt, class_names=class_names, field=field)


def labels_of(names: Sequence[str] | Mapping[int, str]) -> list[tuple[int, str]]:
    """List labels with their names.

    Args:
        names: In order, or by label.

    Example:
        >>> labels_of(["bad", "good"])
        [(0, 'bad'), (1, 'good')]
    """
    return sorted(names.items()) if hasattr(names, "items") else list(enumerate(names))


def _label(twin: Record | None, names: Mapping[int, str]) -> str:
    """Name the label of a real sample."""
    label = None if twin is None else twin.get("label")
    return names.get(label, str(label)) if isinstance(label, int) else ""
