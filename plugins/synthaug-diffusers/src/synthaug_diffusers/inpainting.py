"""Inpainting: a part of a real sample is painted anew, and the rest stays as it is, to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.plan.seeding import child_seed
from synthaug_diffusers.checks import check_arguments, one_of
from synthaug_diffusers.pictures import Form, picture
from synthaug_diffusers.twins import TwinGenerator

__all__ = ["DiffusersInpainting"]


@final
@dataclass(kw_only=True, eq=False)
class DiffusersInpainting(TwinGenerator):
    """Paint a part of real samples anew.

    With `mask` the real sample says which part: what its mask marks is kept and all around it is painted, so that
    label, mask and boxes stay true; or the other way round. Without, a box is drawn for each sample. What is kept is
    the real sample's own, byte for byte.

    Attributes:
        mask: Field of the real sample that marks an object: every value but 0. None: boxes are drawn.
        repaint: Which side of the mask is painted: `"outside"` or `"inside"`.
        area: Least and largest share of the image that a drawn box covers, in (0, 1].

    Raises:
        ConfigError: A template has an unknown field, or class names are missing (SA490); an argument lies outside
            its range (SA494).

    Example:
        >>> scenes = DiffusersInpainting("pipelines/sd", prompt="a sandy beach", mask="mask", strength=1.0)
        >>> scenes.repaint
        'outside'
    """

    mask: str | None = None
    repaint: Literal["outside", "inside"] = "outside"
    area: tuple[float, float] = (0.1, 0.4)

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.area
        fits = {
            "repaint": one_of(self.repaint, ("outside", "inside")),
            "area": (0 < low <= high <= 1, "two shares of the image, in (0, 1], the smaller first"),
        }
        check_arguments(self, fits)

    def _adapt(self, pipeline: Any, dtype: Any) -> Any:
        """Take the family's inpainting."""
        inputs = ("image", "mask_image")
        return self._of_family(pipeline, "AutoPipelineForInpainting", dtype, *inputs)

    def _arguments(self, pipeline: Any, rows: Sequence[Request]) -> dict[str, Any]:
        """Show the part that is painted."""
        size = self._size(pipeline)
        masks = [picture(self._painted(request), size).convert("L") for request in rows]
        return {**super()._arguments(pipeline, rows), "mask_image": masks}

    def _record(self, request: Request, image: Any) -> Record | Rejection:
        """Put the painted part into the real image."""
        real, painted = self._image(request), self._painted(request)
        if not painted.any():
            return Rejection("the mask leaves nothing to paint")
        made = Form.of(real).image(image)
        part = painted if real.ndim == 2 else painted[..., None]
        return self._twin(request).replace(image=np.where(part, made, real).astype(real.dtype))

    def _painted(self, request: Request) -> npt.NDArray[np.bool_]:
        """Mark the part that is painted, at the real sample's size."""
        rows, columns = self._image(request).shape[:2]
        if self.mask is None:
            return _box(rows, columns, self.area, child_seed(request.seed, "box"))
        mask = self._twin(request).get(self.mask)
        inside = (
            np.squeeze(mask, 2) if isinstance(mask, np.ndarray) and mask.shape[2:] == (1,) else mask
        )
        if not isinstance(inside, np.ndarray) or inside.shape != (rows, columns):
            self._unfit(
                f'a mask of {rows} rows and {columns} columns in "{self.mask}" of its record',
                request.twin,
            )
        kept: npt.NDArray[np.bool_] = inside != 0
        return ~kept if self.repaint == "outside" else kept


def _box(rows: int, columns: int, area: tuple[float, float], seed: int) -> npt.NDArray[np.bool_]:
    """Draw a box, up to twice as long as wide, at any place inside."""
    rng = np.random.default_rng(seed)
    share, stretch = rng.uniform(*area), 2.0 ** rng.uniform(-0.5, 0.5)
    height = min(rows, max(1, round(rows * (share**0.5) * stretch)))
    width = min(columns, max(1, round(share * rows * columns / height)))
    top, left = rng.integers(0, rows - height + 1), rng.integers(0, columns - width + 1)
    marked = np.zeros((rows, columns), np.bool_)
    marked[top : top + height, left : left + width] = True
    return marked
