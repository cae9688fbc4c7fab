"""A language model that was fitted on labelled texts, and writes new ones of a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.card import read_card
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.fitted_on import fitted_digests, text_digest
from lightning_synthaug.generators.gates.label_consistency import LabelConsistency
from lightning_synthaug.generators.gates.near_duplicate import NearDuplicate
from lightning_synthaug.generators.gates.repetition import Repetition
from lightning_synthaug.generators.gates.valid_text import ValidText
from lightning_synthaug.generators.request import Rejection
from lightning_synthaug.generators.text.adapter import Adapter
from lightning_synthaug.generators.text.prompts import Prompt, read_prompt
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.speaker import Speaker
from lightning_synthaug.generators.text.speaking import Speaking

if TYPE_CHECKING:
    from lightning_synthaug.generators.gates.base import Gate
    from lightning_synthaug.generators.request import Request

__all__ = ["PROMPT", "FittedWriter", "fitted_prompt", "writer_from_card"]

PROMPT = "fitted.txt"
"""File of this package with what a model is told of a class."""
_SAMPLING = ("model", "temperature", "top_k", "top_p", "repetition_penalty", "longest", "dtype")


@final
class FittedWriter(Speaking):
    """Have a language model that `fit_lm` fitted write texts of the label asked for.

    What was fitted is added to the weights of the model when it is loaded. Each text is drawn by the seed of its
    request, whatever else is in the batch. What repeats a text that was fitted on is rejected. A run that names no
    gates has those of `default_gates`.

    Args:
        weights: The file `adapter_model.safetensors`, in the folder that the fit left.
        model: The model that was fitted: a folder, a GGUF file, or the name of a model on the Hugging Face Hub.
        digest: Its digest; another model is refused when it is loaded.
        classes: Labels, ascending.
        class_names: Name of each, as the model was told; None: their numbers.
        prompt: What the model was told, with the place `{label}`.
        temperature: Divides the logits, >= 0.
        top_k: Tokens to sample from, the likeliest ones, >= 1; None: all.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        repetition_penalty: Above 1, tokens that were there are less likely.
        longest: Tokens of a text at most, >= 1.
        dtype: Precision of the model.
        revision: Commit, tag or branch on the Hub, or None.
        batch_size: Texts of a batch, >= 1; all batches are filled up to it.
        name: What reports call it.
        licence: Licence of the samples, for the provenance.
        source: Where the data come from, for the provenance.

    Raises:
        ConfigError: A number is outside its range (SA481).

    Source:
        Anaby-Tavor et al., "Do not have enough data? Deep learning to the rescue!" (AAAI 2020): a language model
        fitted on labels and texts. Hu et al., "LoRA" (ICLR 2022).
    """

    modality = "text"
    conditioning = "class"
    version: ClassVar[int] = 1
    libraries: Sequence[str] = ("peft", "tokenizers", "transformers")

    def __init__(
        self,
        weights: str | Path,
        *,
        model: str | Path,
        digest: str,
        classes: Sequence[int],
        class_names: Sequence[str] | None = None,
        prompt: str,
        temperature: float = 0.9,
        top_k: int | None = 50,
        top_p: float = 0.95,
        repetition_penalty: float = 1.0,
        longest: int = 64,
        dtype: Literal["float32", "bfloat16", "float16"] = "float32",
        revision: str | None = None,
        batch_size: int = 16,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.weights = weights
        self.model = model
        self.digest = digest
        self.classes = classes
        self.class_names = class_names
        self.prompt = prompt
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.repetition_penalty = repetition_penalty
        self.longest = longest
        self.dtype = dtype
        self.revision = revision
        self.batch_size = batch_size
        self.name = name
        self.licence = licence
        self.source = source
        self.labels = frozenset(classes)
        self._speaker = Speaker(
            model,
            revision,
            dtype=dtype,
            how=Sampling(
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
                repetition_penalty=repetition_penalty,
            ),
            longest=longest,
            stop=("\n",),
            batch_size=batch_size,
            adapter=Adapter(Path(weights).parent, digest),
        )

    @cached_property
    def told(self) -> Prompt:
        """What the model is told, with its place.

        Raises:
            ConfigError: The places are others (SA481).
        """
        return fitted_prompt(self.prompt)

    @cached_property
    def _seen(self) -> frozenset[int]:
        """Digests of the texts that were fitted on."""
        digests = fitted_digests(self)
        return frozenset() if digests is None else frozenset(digests.tolist())

    def fingerprint(self) -> str:
        """Digest class, version and settings."""
        names = {"class": type(self).__name__, "version": self.version}
        return canonical_digest({**names, **self.settings()})

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples; the model need not be there for it."""
        names = {str(label): name for label, name in sorted(self._names().items())}
        seen = canonical_digest({"seen": sorted(self._seen)})
        told = {"prompt": self.prompt, "class_names": names, "fitted_on": seen}
        return {**self._speaker.settings(), **told}

    def label_names(self) -> Mapping[int, str] | None:
        """Name the labels, where they have names."""
        return None if self.class_names is None else self._names()

    def default_gates(self) -> Sequence[Gate]:
        """Refuse what is no whole text, refusals, words of the prompt, other labels, copies and repetition."""
        told = ValidText(prompts=self.told.said())
        return (told, LabelConsistency(), NearDuplicate(), Repetition())

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Write a text for each request.

        Args:
            requests: Label and seed of each.

        Returns:
            Records with `text` and `label`, in order; rejections where nothing new was written.

        Raises:
            GeneratorError: A label is unknown (SA414), or the model is not loaded (SA413).
        """
        name, names = self.name or type(self).__name__, self._names()
        for request in requests:
            if request.label not in names:
                msg = (
                    f'Generator "{name}" must be asked for one of the labels {sorted(names)}, got {request.label!r}. '
                    "Ask for one of these, or fit it again with texts of that label."
                )
                raise GeneratorError("SA414", msg)
        values = [{"label": names[r.label]} for r in requests if r.label is not None]
        made = self._speaker.say(self.told, values, [r.seed for r in requests], name=name)
        return [self._result(request, text) for request, text in zip(requests, made, strict=True)]

    def _result(self, request: Request, text: str | Rejection) -> Record | Rejection:
        """Make a record, unless nothing new was written."""
        if isinstance(text, Rejection):
            return text
        if not text:
            return Rejection("empty")
        if text_digest(text) in self._seen:
            return Rejection("the same as a text that was fitted on")
        return Record({"text": text, "label": request.label})

    def _names(self) -> dict[int, str]:
        """Name the labels, by their numbers where they have no names."""
        return dict(zip(self.classes, self.class_names or map(str, self.classes), strict=True))


def fitted_prompt(prompt: str | Path | None) -> Prompt:
    """Read what a model is told of a class.

    Args:
        prompt: A file (a path that ends in `.txt`), the prompt itself, or None for the package's own.

    Returns:
        The prompt.

    Raises:
        ConfigError: The file is missing, or the places are others than `{label}` (SA481).
    """
    return read_prompt(prompt, PROMPT, needed=["label"], known=[])


def writer_from_card(
    path: str | Path, *, batch_size: int = 16, sampling: Mapping[str, Any] | None = None
) -> FittedWriter:
    """Make the generator that a card of a fitted language model describes.

    Args:
        path: The JSON file, the adapter beside it.
        batch_size: Texts of a batch, >= 1.
        sampling: How it samples: `temperature`, `top_k`, `top_p`, `repetition_penalty`, `longest`, `dtype`; and
            `model`, where the model lies elsewhere than when it was fitted.

    Returns:
        The generator, not loaded yet.

    Raises:
        GeneratorError: A file is missing or damaged, or card and weights do not belong together (SA443).
        ConfigError: `sampling` names something else (SA449).
    """
    path, sampling = Path(path), sampling or {}
    card = read_card(path)
    unknown = sorted(set(sampling) - set(_SAMPLING))
    if unknown:
        message = (
            f"How a fitted generator samples must be told by {list(_SAMPLING)}, got {unknown} for a language model. "
            "Leave them out, or fit a generator of another kind."
        )
        raise ConfigError("SA449", message)
    base = card["base"]
    return FittedWriter(
        path.parent / card["weights"],
        digest=base["digest"],
        classes=card["labels"],
        class_names=card["class_names"],
        prompt=card["prompt"],
        batch_size=batch_size,
        name=card["name"],
        licence=card["licence"],
        source=card["source"],
        **{
            "model": base["model"],
            "revision": base["revision"],
            "dtype": base["dtype"],
            **sampling,
        },
    )
