"""Other words that fit, by a masked language model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

__all__ = ["MaskedWords"]

if TYPE_CHECKING:
    import numpy.typing as npt

#: A word, without the signs around it.
_WORD: Final = re.compile(r"\w(?:.*\w)?")
#: How vocabularies mark a token that begins a word; those of BERT mark the others, by "##".
_BEGINS: Final = ("\u0120", "\u2581")


@final
class MaskedWords:
    """Have a masked language model put other words in place of some.

    The model is read at first use, in each worker of a loader once, and runs on the CPU. It knows nothing of labels:
    "good" and "bad" fit the same places, so that a gate for labels or a low share is advisable.

    Args:
        model: Folder of a masked language model of transformers and its fast tokenizer, weights as safetensors.
        alpha: Share of the words that is edited, at least one. In (0, 1].
        top: Words to choose from, by their probability, >= 1.

    Raises:
        ConfigError: The folder has no `config.json` (SA213).

    Source:
        Kobayashi, "Contextual augmentation: data augmentation by words with paradigmatic relations" (NAACL 2018),
        doi:10.18653/v1/N18-2072.
    """

    def __init__(self, model: str | Path | None, *, alpha: float, top: int = 20) -> None:
        if model is None or not Path(model, "config.json").is_file():
            msg = (
                f"`model` must be the folder of a masked language model, got {model!r}. Save one with "
                "`model.save_pretrained(folder)` and `tokenizer.save_pretrained(folder)`."
            )
            raise ConfigError("SA213", msg)
        self.model = model
        self.alpha = alpha
        self.top = top

    def __call__(self, text: str, rng: np.random.Generator) -> str:
        """Edit one text.

        Args:
            text: The text.
            rng: All the randomness of the edit.

        Returns:
            The edited text, its words separated by single spaces.
        """
        words = text.split()
        places = [place for place, word in enumerate(words) if _WORD.search(word)]
        if not places:
            return text
        count = max(1, int(self.alpha * len(words)))
        chosen = sorted(rng.permutation(places)[:count].tolist())
        if self._loaded is None:
            self._loaded = self._load()
        tokenizer, begins = self._loaded[1:]
        hidden = list(words)
        for place in chosen:
            hidden[place] = _WORD.sub(lambda _: tokenizer.mask_token, words[place], count=1)
        # Where the model reads no further, nothing is replaced.
        for place, logits in zip(chosen, self._logits(" ".join(hidden)), strict=False):
            old = _WORD.search(words[place])
            assert old is not None
            new = self._draw(np.where(begins, logits, -np.inf), old[0], rng)
            words[place] = words[place][: old.start()] + new + words[place][old.end() :]
        return " ".join(words)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model behind: it is read where it is needed."""
        return {**self.__dict__, "_loaded": None}

    def _draw(self, logits: npt.NDArray[np.float64], old: str, rng: np.random.Generator) -> str:
        """Choose one of the likeliest other words."""
        assert self._loaded is not None
        tokenizer = self._loaded[1]
        likeliest = np.argsort(-logits, kind="stable")[: self.top + 1]
        names: list[str] = [tokenizer.decode([token]).strip() for token in likeliest.tolist()]
        kept = [
            (name, logits[token])
            for name, token in zip(names, likeliest, strict=True)
            if name.lower() != old.lower() and np.isfinite(logits[token])
        ][: self.top]
        if not kept:
            return old
        weights = np.exp([logit - kept[0][1] for _, logit in kept])
        new = kept[int(rng.choice(len(kept), p=weights / weights.sum()))][0]
        return new[:1].upper() + new[1:] if old[:1].isupper() else new

    def _logits(self, text: str) -> npt.NDArray[np.float64]:
        """Ask the model what may stand at each mask."""
        import torch

        assert self._loaded is not None
        model, tokenizer, _ = self._loaded
        longest = min(tokenizer.model_max_length, model.config.max_position_embeddings - 2)
        inputs = tokenizer(text, return_tensors="pt", truncation=True, max_length=longest)
        with torch.inference_mode():
            logits = model(**inputs).logits[0]
        found = logits[inputs["input_ids"][0] == tokenizer.mask_token_id]
        return found.double().numpy()  # type: ignore[no-any-return]

    def _load(self) -> tuple[Any, Any, npt.NDArray[np.bool_]]:
        """Read model and tokenizer, and find the tokens that are words."""
        try:
            import torch
            import transformers
        except ImportError as error:
            msg = f"This transform of texts needs transformers, got {error}. {install_hint('text')}"
            raise MissingDependency("SA830", msg) from error
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.model, local_files_only=True)
        with torch.random.fork_rng(devices=[]):  # reading a model may draw weights first
            model = transformers.AutoModelForMaskedLM.from_pretrained(
                self.model, local_files_only=True, use_safetensors=True
            )
        begins = np.zeros(model.config.vocab_size, bool)
        vocabulary = tokenizer.get_vocab()
        marked = any(token.startswith(_BEGINS) for token in vocabulary)
        for token, place in vocabulary.items():
            word = token.lstrip("".join(_BEGINS))
            begins[place] = word.isalpha() and (not marked or token.startswith(_BEGINS))
        return model.eval(), tokenizer, begins

    _loaded: tuple[Any, Any, npt.NDArray[np.bool_]] | None = None
