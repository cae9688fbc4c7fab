"""A language model that goes on with texts, in batches of one shape."""

from __future__ import annotations

import copy
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

from lightning_synthaug.generators.text.pretrained import read_model
from lightning_synthaug.generators.text.sampling import Sampling, SeededChoice
from lightning_synthaug.generators.torch_network import own_randomness

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from lightning_synthaug.generators.text.adapter import Adapter

__all__ = ["TextModel", "token_limit"]

#: Prompts are padded to multiples of this many tokens.
_STEP: Final = 32
#: Tokens at the end of a text that a sign to stop is looked for in.
_TAIL: Final = 16
#: What a tokenizer says that knows no limit.
_ENDLESS: Final = 1 << 20


@final
class TextModel:
    """A causal or an encoder-decoder model of transformers, with its tokenizer.

    The shape of a batch depends on nothing but the length of its own prompts: each prompt is padded to a multiple of 32
    tokens, meets only prompts of the same length, and batches are filled up with copies. So a text is the same in any
    company, also in half precision.

    Args:
        model: A folder, a GGUF file, or the name of a model on the Hub.
        revision: Commit, tag or branch there, or None.
        device: Torch device.
        dtype: Name of a torch dtype.
        batch_size: Rows of every batch, >= 1.
        adapter: What was fitted on top of it, or None.

    Raises:
        GeneratorError: It cannot be read (SA480).
        MissingDependency: `transformers` is not installed (SA830), or with an adapter `peft` (SA832).
    """

    def __init__(
        self,
        model: str | Path,
        revision: str | None,
        *,
        device: str,
        dtype: str,
        batch_size: int,
        adapter: Adapter | None = None,
    ) -> None:
        with own_randomness("cpu"):  # some versions draw weights before they read them
            network, tokenizer = read_model(model, revision, device=device, dtype=dtype)
            if adapter is not None:
                network = adapter.merged(network)
        self._hold(network, tokenizer, device, batch_size)

    @classmethod
    def around(cls, network: Any, tokenizer: Any, *, device: str, batch_size: int) -> TextModel:
        """Take a model that was read already.

        Args:
            network: Of transformers, in evaluation mode on its device.
            tokenizer: Its tokenizer; its padding is changed.
            device: Torch device.
            batch_size: Rows of every batch, >= 1.

        Returns:
            The model.
        """
        made = cls.__new__(cls)
        made._hold(network, tokenizer, device, batch_size)
        return made

    def _hold(self, network: Any, tokenizer: Any, device: str, batch_size: int) -> None:
        """Keep what was read, and choose how prompts are padded."""
        self.network, self.tokenizer = network, tokenizer
        self.device, self.batch_size = device, batch_size
        self.encodes = bool(self.network.config.is_encoder_decoder)
        # What is generated goes on where the prompt ends; an encoder counts from where it begins.
        self.tokenizer.padding_side = "right" if self.encodes else "left"
        if self.tokenizer.pad_token is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token

    def complete(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        how: Sampling,
        *,
        longest: int,
        stop: Sequence[str] = (),
        special: bool = True,
        first: int | None = None,
    ) -> list[str | None]:
        """Write what follows prompts, or what a decoder makes of them.

        Args:
            prompts: The prompts.
            seeds: Seed of each.
            how: How tokens are chosen.
            longest: Tokens to write at most, >= 1.
            stop: Where one of these was written a text ends, before it.
            special: Whether the tokenizer adds its own tokens; not where a chat's form has them already.
            first: Token that each text has to begin with, or None.

        Returns:
            What was written for each, in order, without white space around it; None for a prompt that is too long.
        """
        tokens = [self.tokenizer(text, add_special_tokens=special)["input_ids"] for text in prompts]
        groups: dict[int, list[int]] = defaultdict(list)
        for place, own in enumerate(tokens):
            groups[-(-max(len(own), 1) // _STEP) * _STEP].append(place)
        limit = token_limit(self.network, self.tokenizer)
        written: list[str | None] = [None] * len(prompts)
        for length, places in sorted(groups.items()):
            if length + (0 if self.encodes else longest) > limit:
                continue
            for start in range(0, len(places), self.batch_size):
                some = places[start : start + self.batch_size]
                rows = some + [some[-1]] * (self.batch_size - len(some))
                made = self._batch(
                    [tokens[row] for row in rows],
                    [seeds[row] for row in rows],
                    how,
                    length=length,
                    longest=longest,
                    stop=list(stop),
                    first=first,
                )
                for place, text in zip(some, made, strict=False):
                    written[place] = text
        return written

    def _batch(
        self,
        tokens: list[list[int]],
        seeds: list[int],
        how: Sampling,
        *,
        length: int,
        longest: int,
        stop: list[str],
        first: int | None,
    ) -> list[str]:
        """Go on with one full batch."""
        import torch

        inputs = self.tokenizer.pad(
            {"input_ids": tokens}, padding="max_length", max_length=length, return_tensors="pt"
        ).to(self.device)
        config = copy.deepcopy(self.network.generation_config)
        sampled = dict.fromkeys(("temperature", "top_k", "top_p", "min_p", "typical_p"))
        config.update(
            **sampled,
            do_sample=False,
            num_beams=how.beams,
            repetition_penalty=how.repetition_penalty,
            max_length=None,
            max_new_tokens=longest,
            pad_token_id=self.tokenizer.pad_token_id,
            forced_bos_token_id=config.forced_bos_token_id if first is None else first,
        )
        more: dict[str, Any] = {}
        if how.temperature > 0:
            more["logits_processor"] = [SeededChoice(seeds, how)]
        if stop:
            begin = 0 if self.encodes else length
            more["stopping_criteria"] = [partial(self._stopped, begin=begin, stop=stop)]
        with torch.inference_mode(), own_randomness(self.device):
            out = self.network.generate(
                input_ids=inputs["input_ids"],
                attention_mask=inputs["attention_mask"],
                generation_config=config,
                **more,
            )
        made = out if self.encodes else out[:, length:]
        texts = [self.tokenizer.decode(row, skip_special_tokens=True) for row in made.cpu()]
        return [_before(text, stop).strip() for text in texts]

    def _stopped(
        self, tokens: Tensor, scores: Tensor, *, begin: int, stop: list[str], **_: object
    ) -> Tensor:
        """Tell which rows have just written a sign to stop at; shape `(rows,)`."""
        import torch

        del scores
        ends = self.tokenizer.batch_decode(tokens[:, max(begin, tokens.shape[1] - _TAIL) :])
        done = [any(sign in end for sign in stop) for end in ends]
        return torch.tensor(done, device=tokens.device)


def token_limit(network: Any, tokenizer: Any) -> int:
    """Say how many tokens a model can read, with those that it writes.

    Args:
        network: Of transformers.
        tokenizer: Its tokenizer.

    Returns:
        A very large number where neither says.
    """
    config = network.config.get_text_config()
    known = [getattr(config, "max_position_embeddings", None), tokenizer.model_max_length]
    return min((limit for limit in known if limit), default=_ENDLESS)


def _before(text: str, stop: list[str]) -> str:
    """Cut a text off where one of the signs to stop begins."""
    return text[
        : min((place for sign in stop if (place := text.find(sign)) >= 0), default=len(text))
    ]
