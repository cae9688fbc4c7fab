"""Back-translation: there and back again, through another language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.request import Rejection
from lightning_synthaug.generators.text.apertium import apertium_translate, apertium_version
from lightning_synthaug.generators.text.model import TextModel
from lightning_synthaug.generators.text.pretrained import model_digest
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.twin import TextVariants
from lightning_synthaug.plan.seeding import child_seed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lightning_synthaug.generators.request import Request

__all__ = ["BackTranslation"]

_APERTIUM: Final = "apertium"


@final
class BackTranslation(TextVariants):
    """Translate real texts into another language and back.

    The pivot is chosen by the version of the sample and its attempt, in turn. Models are any of transformers that map
    texts to texts: Marian, NLLB, M2M, T5 and their like. A program, Apertium, does without a model and without chance:
    each pivot gives one variant of a text, and further versions repeat it. Of its translations about 4 in 100 depend on
    what was translated before in the same batch; those of models do not.

    Args:
        model: `"apertium"`, or a folder or a name on the Hugging Face Hub. In it `{source}` and `{target}` stand for
            the languages: `"Helsinki-NLP/opus-mt-{source}-{target}"`.
        language: Language of the texts, by the code that the model or Apertium has for it.
        pivots: Languages to go through, by such codes; at least one.
        prefix: What is put before each text, for models that are told in words what to do (T5:
            `"translate {source} to {target}: "`).
        temperature: Divides the logits where tokens are sampled, >= 0. 0: a beam search, without chance.
        top_k: Tokens to sample from, the likeliest ones, >= 1; None: all.
        top_p: Sample from the likeliest tokens that together have this probability, in (0, 1].
        beams: Beams of the search, >= 1, where the temperature is 0.
        longest: Tokens of a translation at most, >= 1.
        field: Field of the sample that is translated.
        dtype: Precision of models.
        revision: Commit, tag or branch on the Hub, or None.
        batch_size: Texts of a batch, >= 1.
        name: What reports call it.
        licence: Licence of the samples, for the provenance.
        source: Where the model comes from, for the provenance.

    Raises:
        ConfigError: There is no pivot, or a number is outside its range (SA481).

    Source:
        Sennrich et al., "Improving neural machine translation models with monolingual data" (ACL 2016),
        arXiv:1511.06709.

    Example:
        >>> BackTranslation(pivots=["spa"]).conditioning
        'twin'
    """

    libraries: Sequence[str] = ("transformers", "tokenizers")

    def __init__(
        self,
        model: str | Path = _APERTIUM,
        *,
        language: str = "eng",
        pivots: Sequence[str] = ("spa",),
        prefix: str = "",
        temperature: float = 0.0,
        top_k: int | None = 50,
        top_p: float = 0.95,
        beams: int = 1,
        longest: int = 128,
        field: str = "text",
        dtype: Literal["float32", "bfloat16", "float16"] = "float32",
        revision: str | None = None,
        batch_size: int = 32,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.model = model
        self.language = language
        self.pivots = pivots
        self.prefix = prefix
        self.temperature = temperature
        self.top_k = top_k
        self.top_p = top_p
        self.beams = beams
        self.longest = longest
        self.field = field
        self.dtype = dtype
        self.revision = revision
        self.batch_size = batch_size
        self.name = name
        self.licence = licence
        self.source = source
        self._how = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, beams=beams)
        self._models: dict[str, TextModel] = {}
        if isinstance(pivots, str) or not pivots:
            msg = f"`pivots` must be a list of languages, got {pivots!r}. Name at least one."
            raise ConfigError("SA481", msg)
        if model == _APERTIUM:
            self.libraries = ()
            self.max_batch_size = 1024  # starting the program takes as long as some hundred texts

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples; models by what is in their files."""
        given: dict[str, Any] = {"language": self.language, "pivots": list(self.pivots)}
        given["field"] = self.field
        if self.model == _APERTIUM:
            return {**given, "apertium": apertium_version()}
        return {
            **given,
            "models": {
                way: model_digest(name, self.revision) for way, name in self._ways().items()
            },
            "prefix": self.prefix,
            "longest": self.longest,
            "dtype": self.dtype,
            **self._how.settings(),
        }

    def load(self, device: str = "cpu") -> None:
        """Read the models, or look for the program.

        Args:
            device: Torch device.

        Raises:
            GeneratorError: A model cannot be read (SA480).
            MissingDependency: `transformers` (SA830), the program or a pair of languages (SA482) is not installed.
        """
        if self.model == _APERTIUM:
            for pivot in self.pivots:
                apertium_translate(["a"], self.language, pivot)
                apertium_translate(["a"], pivot, self.language)
        else:
            self._models = {
                name: TextModel(
                    name, self.revision, device=device, dtype=self.dtype, batch_size=self.batch_size
                )
                for name in set(self._ways().values())
            }
        super().load(device)

    def unload(self) -> None:
        """Give back the memory of the models."""
        self._models = {}
        super().unload()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the models behind: they are read where they are needed."""
        return {**self.__dict__, "_models": {}, "_device": None}

    def particulars(self, request: Request) -> dict[str, Any]:
        """Name the pivot of one sample."""
        return {"pivot": self._pivot(request)}

    def say(self, texts: Sequence[str], requests: Sequence[Request]) -> list[str | Rejection]:
        """Translate texts there and back."""
        made: list[str | Rejection] = [Rejection("no further pivot")] * len(texts)
        for pivot in dict.fromkeys(self.pivots):
            places = [
                place
                for place, request in enumerate(requests)
                if self._pivot(request) == pivot and self._differs(request)
            ]
            there = [texts[place] for place in places]
            seeds = [requests[place].seed for place in places]
            abroad = self._translate(there, seeds, self.language, pivot)
            back = self._translate(
                [text or "" for text in abroad],
                [child_seed(seed, "back") for seed in seeds],
                pivot,
                self.language,
            )
            for place, first, second in zip(places, abroad, back, strict=True):
                lost = first is None or second is None
                made[place] = Rejection("too long for the model") if lost else second or ""
        return made

    def _translate(
        self, texts: list[str], seeds: list[int], source: str, target: str
    ) -> list[str | None]:
        """Translate what has words."""
        places = [place for place, text in enumerate(texts) if text.strip()]
        some = [texts[place] for place in places]
        made: list[str | None] = list(texts)
        if self.model == _APERTIUM:
            answers: Sequence[str | None] = apertium_translate(some, source, target)
        else:
            model = self._models[self._name(source, target)]
            before = self.prefix.format(source=source, target=target)
            answers = model.complete(
                [before + text for text in some],
                [seeds[place] for place in places],
                self._how,
                longest=self.longest,
                first=_speak(model.tokenizer, source, target),
            )
        for place, answer in zip(places, answers, strict=True):
            made[place] = answer
        return made

    def _pivot(self, request: Request) -> str:
        """Choose the language in between."""
        return self.pivots[(request.version + request.attempt) % len(self.pivots)]

    def _differs(self, request: Request) -> bool:
        """Tell whether another attempt can bring another text."""
        return self.temperature > 0 or request.attempt < len(set(self.pivots))

    def _name(self, source: str, target: str) -> str:
        """Name the model of a direction."""
        return str(self.model).replace("{source}", source).replace("{target}", target)

    def _ways(self) -> dict[str, str]:
        """Name the model of each direction."""
        pairs = [(pivot, self.language) for pivot in self.pivots]
        return {
            f"{source} > {target}": self._name(source, target)
            for pair in pairs
            for source, target in (pair[::-1], pair)
        }


def _speak(tokenizer: Any, source: str, target: str) -> int | None:
    """Tell a tokenizer of many languages which ones, and say by which token a translation begins."""
    if not hasattr(tokenizer, "src_lang"):
        return None
    tokenizer.src_lang = source
    if hasattr(tokenizer, "get_lang_id"):
        return int(tokenizer.get_lang_id(target))
    return int(tokenizer.convert_tokens_to_ids(target))
