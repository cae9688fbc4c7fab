"""Whether the samples of a GAN differ as held-out real ones do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators.gates.embeddings import OrientedGradients
from lightning_synthaug.generators.gates.watch import CollapseWatch, Reference
from lightning_synthaug.generators.request import Request

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lightning_synthaug.fitting.data import FitData

__all__ = ["Diversity"]

_LOOKED_AT = 512
_IN_A_ROW = 2


@final
class Diversity:
    """Hold samples against real ones, again and again; a GAN begins with samples that are all alike.

    Args:
        real: Real images that are not fitted on.

    Attributes:
        labels: Class indices that samples are wanted of, as often as they are real. Shape `(n,)`.
        collapsed: Whether samples differed once, and twice in a row no longer do.
    """

    def __init__(self, real: FitData) -> None:
        rows = np.random.default_rng(0).permutation(len(real.classes))[:_LOOKED_AT]
        self.labels: NDArray[np.int64] = np.resize(real.classes[rows], _LOOKED_AT)
        self._embedding = OrientedGradients()
        vectors = self._embedding.embed(_records(real.images[rows]))
        self._reference = Reference(vectors, real.classes[rows])
        self._healthy_once = False
        self._unhealthy = 0

    @property
    def collapsed(self) -> bool:
        """Whether samples differed once, and twice in a row no longer do."""
        return self._healthy_once and self._unhealthy >= _IN_A_ROW

    @property
    def never(self) -> bool:
        """Whether they were looked at, and never differed."""
        return not self._healthy_once and self._unhealthy > 0

    def look(self, images: NDArray[np.float32], labels: NDArray[np.int64]) -> bool:
        """Look at samples.

        Args:
            images: In [0, 1], shape `(n, channels, rows, columns)`.
            labels: Class indices asked for, shape `(n,)`.

        Returns:
            Whether they differ as real ones do.
        """
        requests = [Request(label=int(c), number=i) for i, c in enumerate(labels)]
        watch = CollapseWatch(self._embedding, self._reference)
        healthy = watch.see(requests, _records(images)) is None
        self._healthy_once |= healthy
        self._unhealthy = 0 if healthy else self._unhealthy + 1
        return healthy

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {"healthy_once": self._healthy_once, "unhealthy": self._unhealthy}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there.

        Args:
            state: What `state` returned.
        """
        self._healthy_once, self._unhealthy = state["healthy_once"], state["unhealthy"]


def _records(images: NDArray[np.float32]) -> list[Record]:
    """Write images as the gates see them."""
    whole = np.rint(np.moveaxis(images, 1, -1) * 255).clip(0, 255).astype(np.uint8)
    return [Record({"image": image[..., 0] if image.shape[-1] == 1 else image}) for image in whole]
