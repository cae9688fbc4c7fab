"""A generator without weights: it draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Generator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators import Rejection, Request

__all__ = ["Discs"]


@final
class Discs(Generator):
    """Draw a white disc on black; the label is its size.

    Args:
        side: Rows and columns of the image, >= 12.

    Example:
        >>> Discs(side=16).fingerprint()
        'synthaug-example discs 1 side 16'
    """

    conditioning = "class"
    labels = frozenset({0, 1, 2})
    licence = "CC0-1.0"
    source = "drawn by synthaug-example"
    version: ClassVar[int] = 1

    def __init__(self, *, side: int = 16) -> None:
        self.side = side

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples.

        Returns:
            Names and plain JSON values.
        """
        return {"version": self.version, "side": self.side}

    def fingerprint(self) -> str:
        """Name everything that a disc depends on besides its request.

        Returns:
            Version and side.
        """
        return f"synthaug-example discs {self.version} side {self.side}"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Draw one disc for each request.

        Args:
            requests: Label and seed of each.

        Returns:
            Records with `"image"` (uint8, shape `(side, side)`) and `"label"`, in order.
        """
        return [self._draw(request) for request in requests]

    def _draw(self, request: Request) -> Record:
        """Draw one disc at a place that its seed chooses."""
        rng = np.random.default_rng(request.seed)
        centre = rng.uniform(0.3, 0.7, size=2) * self.side
        rows, columns = np.mgrid[: self.side, : self.side]
        radius = self.side * (1 + (request.label or 0)) / 12
        inside = np.hypot(rows - centre[0], columns - centre[1]) < radius
        image = np.where(inside, 255, 0).astype(np.uint8)
        return Record({"image": image, "label": request.label})
