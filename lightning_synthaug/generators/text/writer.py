"""A language model that writes new texts of a class, after the example of real ones."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.gates.label_consistency import LabelConsistency
from lightning_synthaug.generators.gates.near_duplicate import NearDuplicate
from lightning_synthaug.generators.gates.repetition import Repetition
from lightning_synthaug.generators.gates.valid_text import ValidText
from lightning_synthaug.generators.request import Rejection
from lightning_synthaug.generators.text.paraphraser import labels_of
from lightning_synthaug.generators.text.prompts import Prompt, read_prompt
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.speaker import AbstractSpeaker, Speaker
from lightning_synthaug.generators.text.speaking import Speaking
from lightning_synthaug.plan.seeding import child_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lightning_synthaug.generators.gates.base import Gate
    from lightning_synthaug.generators.request import Request

__all__ = ["LanguageModelWriter", "Writer"]


class Writer(Speaking):
    """Have something that speaks write texts of the label asked for, after real ones of it, wherever it is.

    Args:
        speaker: Writes the texts.
        examples: Real training texts: by label, or pairs of a text and its label.
        class_names: Names of the labels, in order or by label; None: their numbers.
        prompt: What it is told: a `.txt` file or the words, with the place `{examples}`, and `{label}` if you like.
            None: the package's own.
        shots: Examples in a prompt, >= 1; fewer where a label has fewer.

    Raises:
        ConfigError: There are no examples, or no shots (SA481).
    """

    modality = "text"
    conditioning = "class"
    version: ClassVar[int] = 1

    def __init__(
        self,
        speaker: AbstractSpeaker,
        examples: Mapping[int, Sequence[str]] | Sequence[tuple[str, int]],
        *,
        class_names: Sequence[str] | Mapping[int, str] | None,
        prompt: str | Path | None,
        shots: int,
    ) -> None:
        self.examples = examples
        self.class_names = class_names
        self.prompt = prompt
        self.shots = shots
        self._speaker = speaker
        self._real = _by_label(examples)
        self.labels = frozenset(self._real)
        if shots < 1 or not self._real:
            msg = f"`examples` must have texts, and `shots` must be at least 1, got {len(self._real)} labels, {shots}."
            raise ConfigError("SA481", f"{msg} Pass real training texts.")

    @cached_property
    def told(self) -> Prompt:
        """What the model is told, with its places.

        Raises:
            ConfigError: The file is missing, or the places are others (SA481).
        """
        return read_prompt(self.prompt, "write.txt", needed=["examples"], known=["label"])

    def fingerprint(self) -> str:
        """Digest class, version, settings and the real texts."""
        real = {str(label): texts for label, texts in self._real.items()}
        names = {"class": type(self).__name__, "version": self.version, "examples": real}
        return canonical_digest({**names, **self.settings()})

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples, without the real texts."""
        names = {str(label): self._named(label) for label in sorted(self._real)}
        told = {"prompt": self.told.text, "shots": self.shots, "class_names": names}
        return {**self._speaker.settings(), **told}

    def label_names(self) -> Mapping[int, str] | None:
        """Name the labels, where they have names."""
        return None if self.class_names is None else dict(labels_of(self.class_names))

    def default_gates(self) -> Sequence[Gate]:
        """Refuse what is no whole text, refusals, words of the prompt, other labels, copies and repetition."""
        told = ValidText(prompts=self.told.said())
        return (told, LabelConsistency(), NearDuplicate(), Repetition())

    def particulars(self, request: Request) -> dict[str, Any]:
        """Say which real texts of its label one sample was written after, and what the speaker tells."""
        return {"examples": self._drawn(request), **self._speaker.particulars(request.seed)}

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Write a text for each request.

        Args:
            requests: Label and seed of each.

        Returns:
            Records with `text` and `label`, in order; rejections where nothing new was written.

        Raises:
            GeneratorError: A label has no examples (SA414), or it is not loaded (SA413).
        """
        shown = [[self._texts(r)[place] for place in self._drawn(r)] for r in requests]
        values = [
            {"examples": "\n".join(f"- {text}" for text in texts), "label": self._named(r.label)}
            for r, texts in zip(requests, shown, strict=True)
        ]
        seeds = [request.seed for request in requests]
        name = self.name or type(self).__name__
        made = self._speaker.say(self.told, values, seeds, name=name)
        results: list[Record | Rejection] = []
        for request, texts, text in zip(requests, shown, made, strict=True):
            if isinstance(text, Rejection):
                results.append(text)
            elif not text:
                results.append(Rejection("empty"))
            elif text in texts:
                results.append(Rejection("the same as a real text"))
            else:
                results.append(Record({"text": text, "label": request.label}))
        return results

    def _texts(self, request: Request) -> list[str]:
        """List the real texts of a label."""
        if request.label in self._real:
            return self._real[request.label]
        msg = (
            f'Generator "{self.name or type(self).__name__}" must be asked for one of the labels {sorted(self._real)}, '
            f"got {request.label!r}. Pass examples of it."
        )
        raise GeneratorError("SA414", msg)

    def _drawn(self, request: Request) -> list[int]:
        """Draw some of them."""
        count = len(self._texts(request))
        rng = np.random.Generator(np.random.PCG64(child_seed(request.seed, "examples")))
        return [int(i) for i in rng.permutation(count)[: self.shots]]

    def _named(self, label: int | None) -> str:
        """Name a label."""
        names = dict(labels_of(self.class_names or ()))
        return names.get(label, str(label)) if label is not None else ""


@final
class LanguageModelWriter(Writer):
    """Have a language model write texts of the label asked for, after some real ones of it.

    The real ones are drawn anew for each text, by the seed of its request, and so is the text, whatever else is in
    the batch. What only repeats one of its examples is rejected. A run that names no gates has those of
    `default_gates`.

    Args:
        model: A folder, a GGUF file, or the name of a model on the Hugging Face Hub.
        examples: Real training texts: by label, or pairs of a text and its label, as the training set has them.
        class_names: Names of the labels, in order or by label; None: their numbers.
        prompt: What the model is told: a `.txt` file or the words, with the place `{examples}`, a line for each, and
            `{label}`. None: the package's own, a list that goes on.
        shots: Examples in a prompt, >= 1; fewer where a label has fewer.
        temperature: Divides the logits, >= 0.
        top_k: Tokens to sample from, the likeliest ones, >= 1; None: all.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        repetition_penalty: Above 1, tokens that were there, also in the prompt, are less likely.
        longest: Tokens of a text at most, >= 1.
        stop: Signs that a text ends before.
        dtype: Precision of the model.
        revision: Commit, tag or branch on the Hub, or None.
        batch_size: Texts of a batch, >= 1; all batches are filled up to it.
        name: What reports call it.
        licence: Licence of the samples, for the provenance.
        source: Where the model comes from, for the provenance.

    Raises:
        ConfigError: A number is outside its range, or there are no examples (SA481).
    """

    libraries: Sequence[str] = ("transformers", "tokenizers")

    def __init__(
        self,
        model: str | Path,
        examples: Mapping[int, Sequence[str]] | Sequence[tuple[str, int]],
        *,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        prompt: str | Path | None = None,
        shots: int = 5,
        temperature: float = 0.9,
        top_k: int | None = 50,
        top_p: float = 0.95,
        repetition_penalty: float = 1.0,
        longest: int = 64,
        stop: Sequence[str] = ("\n",),
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
        super().__init__(speaker, examples, class_names=class_names, prompt=prompt, shots=shots)


def _by_label(
    examples: Mapping[int, Sequence[str]] | Sequence[tuple[str, int]],
) -> dict[int, list[str]]:
    """Gather texts by label, each on one line."""
    if hasattr(examples, "items"):
        pairs = [(text, label) for label, texts in examples.items() for text in texts]
    else:
        pairs = [(text, label) for text, label in examples]
    found: dict[int, list[str]] = {}
    for text, label in pairs:
        if isinstance(text, str) and text.strip():
            found.setdefault(int(label), []).append(" ".join(text.split()))
    return found
