"""Texts by what they mean, in the eyes of a sentence encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.functions import as_vectors
from lightning_synthaug.generators.gates.pretrained import (
    load_model,
    model_digest,
    model_folder,
    transformers_library,
)
from lightning_synthaug.generators.torch_network import own_randomness

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record

__all__ = ["SentenceEmbedding"]

#: Texts that are embedded at once.
_AT_ONCE: Final = 64
#: Where sentence encoders write how the vectors of tokens become one.
_POOLING: Final = Path("1_Pooling", "config.json")


@final
class SentenceEmbedding(Embedding):
    """Embed texts by an encoder of transformers, such as all-MiniLM-L6-v2.

    Vectors have length 1: the mean over a text's tokens, or its first token's where the folder's `1_Pooling` says so.

    Args:
        model: A folder, or the name of a model on the Hugging Face Hub. Weights are read as safetensors alone.
        field: The field that is embedded.
        revision: Commit, tag or branch on the Hub.
    """

    modality = "text"
    version: ClassVar[int] = 1

    def __init__(
        self, model: str | Path, *, field: str = "text", revision: str | None = None
    ) -> None:
        self.model = model
        self.field = field
        self.revision = revision

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors; the model by what is in its files.

        Raises:
            GateError: There is no such model (SA457).
        """
        folder = model_folder(self.model, self.revision)
        digest = model_digest(folder)
        return {"model": digest, "field": self.field, "first": _by_first_token(folder)}

    def load(self, device: str = "cpu") -> None:
        """Read the model.

        Args:
            device: Torch device.

        Raises:
            GateError: There is no such model, or it does not fit (SA457).
            MissingDependency: `transformers` is not installed (SA458).
        """
        library = transformers_library()
        folder = model_folder(self.model, self.revision)
        with own_randomness("cpu"):  # some versions draw weights before they read them
            network = load_model(library.AutoModel, folder, device)
        tokenizer = library.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._loaded = (network, tokenizer, _by_first_token(folder))
        super().load(device)

    def unload(self) -> None:
        """Give back the memory of the model."""
        self._loaded = None
        super().unload()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model behind: it is read where it is needed."""
        return {**self.__dict__, "_loaded": None, "_device": None}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Embed texts; the model is loaded if it is not yet.

        Args:
            records: With the field.

        Returns:
            Vectors of length 1. Shape `(n, width)`.

        Raises:
            GateError: A record lacks the field (SA450).
        """
        texts = [_text(record, self.field) for record in records]
        if self._loaded is None:
            self.load()
        parts = [
            self._embed(texts[start : start + _AT_ONCE]) for start in range(0, len(texts), _AT_ONCE)
        ]
        return as_vectors(np.concatenate(parts), len(texts))

    def _embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Embed one batch."""
        import torch

        assert self._loaded is not None
        network, tokenizer, first = self._loaded
        longest = min(tokenizer.model_max_length, network.config.max_position_embeddings)
        inputs = tokenizer(
            texts, padding=True, truncation=True, max_length=longest, return_tensors="pt"
        ).to(network.device)
        with torch.inference_mode():
            states = network(**inputs).last_hidden_state.float()
            kept = inputs["attention_mask"][..., None].float()
            vectors = states[:, 0] if first else (states * kept).sum(1) / kept.sum(1)
            vectors = torch.nn.functional.normalize(vectors, dim=1)
        return vectors.cpu().numpy()

    _loaded: tuple[Any, Any, bool] | None = None


def _text(record: Record, field: str) -> str:
    """Take a text out of a record."""
    text = record.get(field)
    if isinstance(text, str):
        return text
    raise GateError(
        "SA450",
        f'An embedding of sentences needs a text "{field}" in each sample, got {record!r}. Correct `field=`.',
    )


def _by_first_token(folder: Path) -> bool:
    """Tell whether the first token stands for a text."""
    file = folder / _POOLING
    return file.is_file() and bool(
        json.loads(file.read_text("utf-8")).get("pooling_mode_cls_token", False)
    )
