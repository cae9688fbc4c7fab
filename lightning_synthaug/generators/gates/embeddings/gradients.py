"""Images by the directions of their edges: no weights, nothing to download, contrast counts little."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.planes import deformed, planes

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from torch import Tensor

    from lightning_synthaug.data.record import Record

__all__ = ["OrientedGradients"]

#: Images that are embedded at once, so that memory stays small.
_AT_ONCE: Final = 512
#: Weight of the colours of coarse cells beside the edges.
_COLOUR: Final = 2.0


@final
class OrientedGradients(Embedding):
    """Histograms of oriented gradients over overlapping cells of two sizes, and coarse colours.

    After Dalal & Triggs, "Histograms of oriented gradients for human detection" (CVPR 2005), with
    signed directions; cells are scaled towards the same strength, so that
    contrast counts little.

    Args:
        side: Rows and columns that images are scaled to, a multiple of 16.
        bins: Directions, >= 2.
    """

    modality = "image"

    def __init__(self, side: int = 32, bins: int = 8) -> None:
        self.side = side
        self.bins = bins

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors."""
        return {"side": self.side, "bins": self.bins}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Embed images."""
        return self._embed(planes(records, self.side))

    def variants(self, records: Sequence[Record], count: int) -> npt.NDArray[np.float32]:
        """Embed images turned, stretched, shifted and bent a little."""
        images = planes(records, self.side)
        if not count:
            return self._embed(images[:0])
        return np.concatenate([self._embed(deformed(images, seed)) for seed in range(count)])

    def _embed(self, images: Tensor) -> npt.NDArray[np.float32]:
        """Embed scaled images, part by part."""
        parts = [self._part(part).numpy() for part in images.split(_AT_ONCE)]
        return np.concatenate(parts)

    def _part(self, images: Tensor) -> Tensor:
        """Embed scaled images at once."""
        import torch
        from torch.nn import functional

        smooth = torch.tensor([1.0, 2.0, 1.0])
        slope = torch.tensor([1.0, 0.0, -1.0])
        kernels = torch.stack([torch.outer(smooth, slope), torch.outer(slope, smooth)])[:, None] / 4
        grey = images.mean(1, keepdim=True)
        gradient = functional.conv2d(functional.pad(grey, (1, 1, 1, 1), mode="replicate"), kernels)
        strength = (gradient.square().sum(1, keepdim=True) + 1e-8).sqrt()
        angle = torch.atan2(gradient[:, 1:], gradient[:, :1])
        directions = torch.arange(self.bins) * (2 * math.pi / self.bins)
        votes = strength * (angle - directions[:, None, None]).cos().clamp(min=0) ** 4
        parts = []
        for cells in (8, 4):
            step = self.side // cells
            half = functional.pad(votes, (step // 2,) * 4)
            sums = functional.avg_pool2d(half, 2 * step, step).flatten(2)
            sums = sums / (sums.square().sum(1, keepdim=True) + 0.01).sqrt()
            parts.append(sums.flatten(1) / math.sqrt(sums.shape[2]))
        if images.shape[1] > 1:
            colour = functional.adaptive_avg_pool2d(images, 4) - images.mean(
                (1, 2, 3), keepdim=True
            )
            parts.append(_COLOUR * colour.flatten(1) / 4)
        return torch.cat(parts, 1)
