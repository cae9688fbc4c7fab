"""From what a network returns to images or sounds: layout, range, dtype."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, final

import numpy as np

from lightning_synthaug.errors import GeneratorContractBroken

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["Layout", "OutputForm", "RangeWatch"]

_log = logging.getLogger(__name__)

Layout: TypeAlias = Literal["CHW", "HWC", "HW", "flat", "T"]

_DIMENSIONS = {"CHW": 4, "HWC": 4, "HW": 3, "flat": 2, "T": 2}
_CHANNELS = (1, 3, 4)
_OUTSIDE_LIMIT = 0.25
_NARROW = 0.02


@final
@dataclass(frozen=True, slots=True)
class OutputForm:
    """How a network writes its images, and how records want them.

    Attributes:
        layout: Order of the axes after the batch.
        image_size: Rows and columns, or channels, rows and columns, of a flat output; else None.
        output_range: The network's values for black and white.
        dtype: `"uint8"` for 0..255, `"float32"` for [0, 1]; of sounds (layout `"T"`) `"float32"` for [-1, 1] or
            `"int16"`.
    """

    layout: Layout
    image_size: tuple[int, ...] | None
    output_range: tuple[float, float]
    dtype: Literal["uint8", "float32", "int16"]

    def images(
        self,
        output: Any,
        *,
        rows: int,
        name: str,
        distinct: int | None = None,
        watch: RangeWatch | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Turn one batch of output into images.

        Args:
            output: What the network returned.
            rows: Size of the batch that it was given.
            name: Name of the generator, for the message.
            distinct: Rows before the padding; None: all.
            watch: Judges the range over batches; None: this batch is enough.

        Returns:
            Images of shape `(rows, h, w)` or `(rows, h, w, channels)`, or sounds of shape `(rows, n)`, and which of
            them are finite throughout.

        Raises:
            GeneratorContractBroken: The output is no tensor, has another shape than the layout
                says, or lies mostly outside `output_range`.
        """
        import torch

        if not isinstance(output, torch.Tensor):
            got = f"{type(output).__module__}.{type(output).__qualname__}"
            _broken(
                name, "one tensor (wrap the network where it returns more)", "torch.Tensor", got
            )
        pixels = self._channels_last(output, rows, name).float()
        finite = torch.isfinite(pixels).flatten(1).all(1)
        low, high = self.output_range
        scaled = (pixels - low) / (high - low)
        looked_at = finite.clone()
        looked_at[len(looked_at) if distinct is None else distinct :] = False
        watch = watch or RangeWatch(several=1)
        watch.add(pixels[looked_at], scaled[looked_at], name, self.output_range)
        scaled = torch.nan_to_num(scaled).clamp(0.0, 1.0)
        if self.layout == "T":
            scaled = scaled * 2 - 1
        if self.dtype == "uint8":
            scaled = (scaled * 255.0).round().to(torch.uint8)
        if self.dtype == "int16":
            scaled = (scaled * 32768.0).round().clamp(max=32767.0).to(torch.int16)
        return scaled.contiguous().cpu().numpy(), finite.cpu().numpy()

    def _channels_last(self, output: Tensor, rows: int, name: str) -> Tensor:
        """Check the shape, and move channels to the end; a single channel is dropped."""
        dimensions, shape = _DIMENSIONS[self.layout], output.shape
        if output.ndim != dimensions or len(output) != rows:
            asked = f'{dimensions} dimensions for layout "{self.layout}", {rows} rows'
            _broken(name, "images in its `layout`", asked, list(output.shape))
        axes = self.layout
        if axes == "T":
            return output
        if axes == "flat":
            size = self.image_size or ()
            if output.shape[1] != int(np.prod(size)):
                _broken(name, "flat images of `image_size`", list(size), list(output.shape))
            output = output.reshape(rows, *size)
            axes = "CHW" if len(size) == 3 else "HW"
        if axes == "CHW":
            output = output.permute(0, 2, 3, 1)
        if axes != "HW" and output.shape[-1] not in _CHANNELS:
            _broken(name, "1, 3 or 4 channels where its `layout` says", axes, list(shape))
        return output[..., 0] if axes != "HW" and output.shape[-1] == 1 else output

    def warn(self, images: NDArray[Any], *, name: str) -> None:
        """Say in the log when `output_range` looks wrong although nothing had to be clipped.

        A network for [0, 1] declared as (-1, 1) never uses the lower half and makes pale images;
        one for (-1, 1) declared as (0, 255) uses next to nothing. It is no error, since a few images
        can be so by right.

        Args:
            images: What `images` returned for several different requests.
            name: Name of the generator.
        """
        if self.layout == "T":
            return
        full = 255.0 if self.dtype == "uint8" else 1.0
        darkest, brightest = float(images.min()) / full, float(images.max()) / full
        low, high = self.output_range
        zero = -low / (high - low)
        if 0.0 < zero < 1.0 and darkest > zero - 0.5 / 255:
            reason = "no value lies below zero, as after a sigmoid, whose range is (0, 1)"
        elif brightest - darkest < _NARROW:
            reason = f"the values use {brightest - darkest:.1%} of it"
        else:
            return
        _log.warning(
            "Generator %r: check output_range=%r, because %s (SA417).",
            name,
            self.output_range,
            reason,
        )


@final
class RangeWatch:
    """Notice a wrong `output_range`: clipping many of the values cannot be what was meant.

    A single sample may be odd by right, so several are looked at, over several batches where these are small.

    Args:
        several: Samples that tell, >= 1.
    """

    def __init__(self, several: int = 8) -> None:
        self._several = several
        self._shares: list[float] = []

    def add(
        self, pixels: Tensor, scaled: Tensor, name: str, output_range: tuple[float, float]
    ) -> None:
        """Look at a batch.

        Args:
            pixels: What the network returned, finite values.
            scaled: The same, in [0, 1] if the range is right.
            name: Name of the generator.
            output_range: The range that was declared.

        Raises:
            GeneratorContractBroken: Much of the last several samples lies outside (SA417).
        """
        shares = ((scaled < -0.05) | (scaled > 1.05)).flatten(1).float().mean(1).tolist()
        self._shares = [*self._shares, *shares][-max(self._several, len(shares)) :]
        if not shares or len(self._shares) < self._several:
            return
        outside = sum(self._shares) / len(self._shares)
        if outside > _OUTSIDE_LIMIT:
            got = f"{float(pixels.min()):.4g} to {float(pixels.max()):.4g}, {outside:.0%} outside"
            _broken(name, "values within `output_range`", output_range, got, code="SA417")


def _broken(name: str, what: str, asked: object, got: object, *, code: str = "SA416") -> NoReturn:
    """Raise, with both sides on aligned lines."""
    message = (
        f'The network of generator "{name}" must return {what}.\n'
        f"  asked: {asked}\n"
        f"  got:   {got}\n"
        "Correct `layout`, `image_size` or `output_range`, or wrap the network in a module that "
        "returns images."
    )
    raise GeneratorContractBroken(code, message)
