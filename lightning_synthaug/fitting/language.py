"""A language model with small matrices added to its weights, which are fitted on labelled texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, final

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.fitting.step_module import StepModule
from lightning_synthaug.generators.libraries import needed_library
from lightning_synthaug.generators.text.fitted_writer import fitted_prompt
from lightning_synthaug.generators.text.model import TextModel, token_limit
from lightning_synthaug.generators.text.pretrained import read_model
from lightning_synthaug.generators.text.sampling import Sampling
from lightning_synthaug.generators.text.speaker import Speaker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from lightning_synthaug.fitting.texts import TextData

__all__ = ["LanguageModel"]

_DROPOUT: Final = 0.05
_CLIP: Final = 1.0
_SHOWN: Final = 10
#: What a token of a batch is: filling, what the model is told, or the text that it learns to write.
_TOLD, _WRITTEN = 1, 2


@final
class LanguageModel(StepModule):
    """Learn to write the texts of a class after being told its name.

    The weights of the model stay as they are; learned is a product of two thin matrices for each of its linear layers.
    Loss is taken on the text and its end alone.

    Args:
        settings: With `model`, `revision`, `dtype`, `prompt`, `rank`, `longest`, `batch_size` and `learning_rate`.
        names: What the model is told of each class.
        total_steps: Steps of the whole fit, >= 1.

    Attributes:
        network: The model of `transformers` in `peft`'s wrapping.
        tokenizer: Its tokenizer.
        told: What it is told, with the place `{label}`.

    Raises:
        GeneratorError: The model cannot be read (SA480), or is not one that goes on with texts (SA836).
        MissingDependency: `transformers` (SA830) or `peft` (SA832) is not installed.

    Source:
        Hu et al., "LoRA: Low-rank adaptation of large language models", ICLR 2022.
    """

    kind: ClassVar[str] = "lm"
    looks_every: ClassVar[int] = 1

    def __init__(
        self, settings: Mapping[str, Any], names: Sequence[str], *, total_steps: int
    ) -> None:
        super().__init__(learning_rate=settings["learning_rate"], total_steps=total_steps)
        self._peft = needed_library("peft", "Fitting a language model", "lora")
        network, self.tokenizer = read_model(
            settings["model"], settings["revision"], device="cpu", dtype=settings["dtype"]
        )
        if network.config.is_encoder_decoder:
            _refuse(settings["model"], "one that translates texts into others")
        if self.tokenizer.eos_token_id is None:
            _refuse(settings["model"], "one without a sign for the end of a text")
        config = self._peft.LoraConfig(
            r=settings["rank"],
            lora_alpha=2 * settings["rank"],
            lora_dropout=_DROPOUT,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        self.network = self._peft.get_peft_model(network, config)
        self.told = fitted_prompt(settings["prompt"])
        self.names = list(names)
        self._settings = dict(settings)

    def samples(self, data: TextData) -> TensorDataset:
        """Number the tokens of what is told and of the text, each row filled up to the longest.

        Returns:
            Tokens and what each of them is. int64 and uint8, shape `(n, length)`.
        """
        rows = [
            self._tokens(text, self.names[place])
            for text, place in zip(data.texts, data.classes, strict=True)
        ]
        shape = (len(rows), max(len(tokens) for tokens, _ in rows))
        numbers, marks = np.zeros(shape, np.int64), np.zeros(shape, np.uint8)
        for row, (tokens, told) in enumerate(rows):
            numbers[row, : len(tokens)] = tokens
            marks[row, : len(tokens)] = _WRITTEN
            marks[row, :told] = _TOLD
        return TensorDataset(torch.from_numpy(numbers), torch.from_numpy(marks))

    def step_on(self, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        """Take one step down the mean loss of a token."""
        self.network.train()
        total, count = self._loss(*batch)
        loss = total / count
        (optimizer,) = self.all_optimizers()
        optimizer.zero_grad()
        self.manual_backward(loss)
        torch.nn.utils.clip_grad_norm_(self._fitted(), _CLIP)
        optimizer.step()
        return {"next_token": loss}

    def loss_on(self, data: TextData) -> float:
        """Measure the mean loss of a token of all texts."""
        tensors = self.samples(data).tensors
        self.network.eval()
        total, tokens = 0.0, 0
        with torch.no_grad():
            parts = [tensor.split(self._settings["batch_size"]) for tensor in tensors]
            for numbers, marks in zip(*parts, strict=True):
                loss, count = self._loss(numbers.to(self.device), marks.to(self.device))
                total, tokens = total + float(loss), tokens + count
        return total / tokens

    def loss_before(self, data: TextData) -> float:
        """Measure the same of the model as it was before the fit.

        Args:
            data: The held-out share.

        Returns:
            Mean loss of a token.
        """
        with self.network.disable_adapter():
            return self.loss_on(data)

    def write(self, classes: Sequence[int], *, first_seed: int) -> list[str]:
        """Write texts with the present weights.

        Args:
            classes: Class indices wanted.
            first_seed: Seed of the first text; the others follow.

        Returns:
            A text for each; empty where none came of it.
        """
        self.network.eval()
        speaker = Speaker(
            self._settings["model"],
            self._settings["revision"],
            dtype=self._settings["dtype"],
            how=Sampling(temperature=0.9),
            longest=64,
            stop=("\n",),
            batch_size=self._settings["batch_size"],
        )
        speaker.loaded = TextModel.around(
            self.network.get_base_model(),
            self.tokenizer,
            device=str(self.network.device),
            batch_size=self._settings["batch_size"],
        )
        values = [{"label": self.names[place]} for place in classes]
        seeds = range(first_seed, first_seed + len(classes))
        made = speaker.say(self.told, values, seeds, name=self.kind)
        return [text if isinstance(text, str) else "" for text in made]

    def show(self, writer: Any, step: int) -> None:
        """Write a text of each class."""
        texts = self.write(range(min(_SHOWN, len(self.names))), first_seed=0)
        lines = [f"{name}: {text}" for name, text in zip(self.names, texts, strict=False)]
        writer.add_text("samples", "\n\n".join(lines), step)

    def judged_weights(self) -> Mapping[str, Tensor]:
        """Name what is fitted, as `peft` does in its files."""
        state: Mapping[str, Tensor] = self._peft.get_peft_model_state_dict(
            self.network, save_embedding_layers=False
        )
        return state

    def take_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Put fitted weights back."""
        self._peft.set_peft_model_state_dict(self.network, weights)

    def state_dict(self, *_: Any, **__: Any) -> Mapping[str, Tensor]:
        """List what a checkpoint has to hold: the model itself is on the disk already."""
        return self.judged_weights()

    def load_state_dict(self, state_dict: Mapping[str, Tensor], *_: Any, **__: Any) -> None:
        """Go on from a checkpoint.

        Args:
            state_dict: What `state_dict` returned.
        """
        self.take_weights(state_dict)

    def configure_optimizers(self) -> Any:
        """Choose AdamW.

        Returns:
            The optimizer of what is fitted.
        """
        return torch.optim.AdamW(self._fitted(), self.learning_rate, weight_decay=0.0)

    def _fitted(self) -> list[Tensor]:
        """List the parameters that are fitted."""
        return [weight for weight in self.network.parameters() if weight.requires_grad]

    def _tokens(self, text: str, name: str) -> tuple[list[int], int]:
        """Number what is told and the text with its end; and count the tokens that are told."""
        prompt = self.told.told({"label": name}, self.tokenizer)
        chats = self.told.chats(self.tokenizer)
        told = self.tokenizer(prompt, add_special_tokens=not chats)["input_ids"]
        # A text goes on after a blank; the answer of an assistant begins at once.
        own = self.tokenizer(text if chats else f" {text}", add_special_tokens=False)["input_ids"]
        room = token_limit(self.network, self.tokenizer) - len(told)
        longest = max(1, min(self._settings["longest"], room))
        return told + [*own, self.tokenizer.eos_token_id][:longest], len(told)

    def _loss(self, numbers: Tensor, marks: Tensor) -> tuple[Tensor, int]:
        """Sum up the loss of all tokens of the texts, and count them."""
        used = marks > 0
        length = int(used.sum(1).max())
        numbers, marks, used = numbers[:, :length], marks[:, :length], used[:, :length]
        made = self.network(input_ids=numbers, attention_mask=used.long()).logits
        learned = marks[:, 1:] == _WRITTEN
        loss = F.cross_entropy(
            made[:, :-1][learned].float(), numbers[:, 1:][learned], reduction="sum"
        )
        return loss, int(learned.sum())


def _refuse(model: Any, got: str) -> NoReturn:
    """Refuse a model that cannot be fitted."""
    msg = (
        f'`model` must be a causal language model with a token for the end of a text, got "{model}", {got}. Choose '
        "another, such as one that chats."
    )
    raise GeneratorError("SA836", msg)
