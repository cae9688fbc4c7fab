"""Is a text good, in the eyes of a reward model?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.ngrams import text_of
from lightning_synthaug.generators.gates.pretrained import (
    PretrainedScore,
    load_model,
    transformers_library,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.request import Request

__all__ = ["RewardScore"]


@final
class RewardScore(PretrainedScore):
    """Accept texts that a reward model, or another classifier of texts, scores high.

    The score is the one number that a reward model gives; of a classifier, the probability of
    `output`.

    Args:
        model: A folder that `save_pretrained` wrote, with the tokenizer; or the name of a model for
            sequence classification on the Hugging Face Hub. Weights are read as safetensors alone.
        output: Which of several outputs counts; None for a model with one.
        threshold: The least score that is accepted, or `"auto"`.
        share: For `"auto"`: the share of real texts that pass.
        higher_is_better: False for classifiers of what is not wanted.
        revision: Commit, tag or branch on the Hub.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452).
    """

    name = "reward"
    modality = "text"
    version: ClassVar[int] = 1

    def __init__(
        self,
        model: str | Path,
        *,
        output: int | None = None,
        threshold: float | Literal["auto"] = "auto",
        share: float = 0.97,
        higher_is_better: bool = True,
        revision: str | None = None,
    ) -> None:
        check_threshold(threshold, share)
        self.model = model
        self.output = output
        self.threshold = threshold
        self.share = share
        self.higher_is_better = higher_is_better
        self.revision = revision

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {**super().settings(), "output": self.output}

    def read_model(self, folder: Path, device: str) -> tuple[Any, Any]:
        """Read the model and its tokenizer.

        Raises:
            ConfigError: `output` is none of its outputs (SA460).
        """
        library = transformers_library()
        model = load_model(library.AutoModelForSequenceClassification, folder, device)
        outputs = model.config.num_labels
        if (outputs > 1 and self.output is None) or not 0 <= (self.output or 0) < outputs:
            raise ConfigError(
                "SA460",
                f"`output` must say which of the {outputs} outputs of the model counts, got {self.output!r}. It calls "
                f"them {dict(model.config.id2label)}.",
            )
        tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        if tokenizer.pad_token is None:  # models that only ever went on with a text have none
            tokenizer.pad_token = tokenizer.eos_token
        model.config.pad_token_id = tokenizer.pad_token_id
        return model, tokenizer

    def score(
        self, requests: Sequence[Request], records: Sequence[Record]
    ) -> npt.NDArray[np.float64]:
        """Have the model score texts."""
        import torch

        del requests
        model, tokenizer = self.loaded
        most = getattr(model.config, "max_position_embeddings", tokenizer.model_max_length)
        inputs = tokenizer(
            [text_of(record) for record in records],
            padding=True,
            truncation=True,
            max_length=min(most, tokenizer.model_max_length),
            return_tensors="pt",
        )
        with torch.inference_mode():
            logits = model(**inputs.to(model.device)).logits.double()
        if logits.shape[1] > 1:
            logits = logits.softmax(dim=1)
        scores: npt.NDArray[np.float64] = logits[:, self.output or 0].cpu().numpy()
        return scores
