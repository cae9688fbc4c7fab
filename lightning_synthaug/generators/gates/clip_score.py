"""Does an image look like what was asked for, in the eyes of a CLIP model?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.ngrams import text_of
from lightning_synthaug.generators.gates.embeddings.planes import image_of
from lightning_synthaug.generators.gates.pretrained import (
    PretrainedScore,
    load_model,
    transformers_library,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.request import Request

__all__ = ["ClipScore"]


@final
class ClipScore(PretrainedScore):
    """Accept images that a CLIP model finds similar to the name of what was asked for.

    The score is the cosine between image and text: Hessel et al., "CLIPScore" (EMNLP 2021), without
    its factor. Any model of transformers that embeds images and texts together serves (CLIP,
    SigLIP).

    Args:
        model: A folder that `save_pretrained` wrote, with the processor; or the name of a model on
            the Hugging Face Hub. Weights are read as safetensors alone.
        class_names: Name of each label, by label or in order; None where each sample has a caption
            in the field `text`.
        template: What the name stands in.
        threshold: The least cosine that is accepted, or `"auto"`.
        share: For `"auto"`: the share of real images that pass.
        revision: Commit, tag or branch on the Hub.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452).
    """

    name = "clip"
    modality = "image"
    version: ClassVar[int] = 1

    def __init__(
        self,
        model: str | Path,
        *,
        class_names: Mapping[int, str] | Sequence[str] | None = None,
        template: str = "a photo of a {}",
        threshold: float | Literal["auto"] = "auto",
        share: float = 0.97,
        revision: str | None = None,
    ) -> None:
        check_threshold(threshold, share)
        self.model = model
        self.class_names = class_names
        self.template = template
        self.threshold = threshold
        self.share = share
        self.revision = revision

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        names = self.class_names
        if isinstance(names, Mapping):
            names = [f"{label}: {names[label]}" for label in sorted(names)]
        texts = None if names is None else [*names]
        return {**super().settings(), "class_names": texts, "template": self.template}

    def read_model(self, folder: Path, device: str) -> _Clip:
        """Read the model, its tokenizer and its image processor."""
        library = transformers_library()
        return _Clip(
            load_model(library.AutoModel, folder, device),
            library.AutoTokenizer.from_pretrained(folder, local_files_only=True),
            library.AutoImageProcessor.from_pretrained(folder, local_files_only=True),
            {},
        )

    def score(
        self, requests: Sequence[Request], records: Sequence[Record]
    ) -> npt.NDArray[np.float64]:
        """Compare images with texts."""
        import torch

        clip: _Clip = self.loaded
        texts = [self._text(*both) for both in zip(requests, records, strict=True)]
        inputs = clip.processor(images=[_pixels(r) for r in records], return_tensors="pt")
        with torch.inference_mode():
            images = _unit(clip.model.get_image_features(**inputs.to(clip.model.device)))
            named = torch.stack([self._embed(text) for text in texts])
        cosines: npt.NDArray[np.float64] = (images * named).sum(1).double().cpu().numpy()
        return cosines

    def _text(self, request: Request, record: Record) -> str:
        """Say in words what an image should show."""
        if self.class_names is None:
            return text_of(record)
        label = record.get("label") if request.label is None else request.label
        if request.twin is not None:
            label = request.twin.get("label")
        names = self.class_names
        known = names if isinstance(names, Mapping) else dict(enumerate(names))
        if label not in known:
            raise GateError(
                "SA459",
                f"`class_names` must name each label that is asked for, got no name of {label!r}. Add it: "
                '`class_names={0: "cat", 1: "dog"}`.',
            )
        return self.template.format(known[label])  # type: ignore[index]

    def _embed(self, text: str) -> Tensor:
        """Embed a text, the first time."""
        clip: _Clip = self.loaded
        if text not in clip.texts:
            most = min(
                clip.tokenizer.model_max_length,
                clip.model.config.text_config.max_position_embeddings,
            )
            inputs = clip.tokenizer(
                [text], padding="max_length", truncation=True, max_length=most, return_tensors="pt"
            )
            inputs = inputs.to(clip.model.device)
            clip.texts[text] = _unit(clip.model.get_text_features(**inputs))[0]
        return clip.texts[text]


class _Clip(NamedTuple):
    """A model and what prepares its inputs, with the texts embedded so far."""

    model: Any
    tokenizer: Any
    processor: Any
    texts: dict[str, Tensor]


def _unit(features: Any) -> Tensor:
    """Scale vectors to length 1; newer versions of transformers hand them out in a container."""
    vectors: Tensor = getattr(features, "pooler_output", features)
    unit: Tensor = vectors / vectors.norm(dim=1, keepdim=True)
    return unit


def _pixels(record: Record) -> npt.NDArray[np.uint8]:
    """Make an image 8 bits deep and coloured, as processors expect it."""
    image = image_of(record)
    if image.dtype != np.uint8:
        image = np.clip(np.nan_to_num(image.astype(np.float32)) * 255, 0, 255).round()
    image = image[:, :, None] if image.ndim == 2 else image
    coloured = image[:, :, :3] if image.shape[2] >= 3 else np.repeat(image[:, :, :1], 3, axis=2)
    return coloured.astype(np.uint8)
