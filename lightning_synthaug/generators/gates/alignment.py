"""How near images are to the nearest of some others, whatever their shift, small turns, brightness and contrast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, final

import numpy as np

from lightning_synthaug.generators.gates.embeddings.planes import image_of, planes
from lightning_synthaug.generators.gates.nearest import Nearest
from lightning_synthaug.generators.gates.real import in_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from torch import Tensor

    from lightning_synthaug.data.record import Record

__all__ = ["AlignedImages"]

#: The smallest and the largest side that images are compared at. Pixels.
_LEAST_SIDE, _SIDE = 16, 64
#: Shifts that are tried, in pixels at that size; turns, in degrees.
_SHIFT: Final = 2
_TURNS: Final = (0.0, -5.0, 5.0)
#: Width of the blur that noise and compression vanish in, and what is cut off at the border. Pixels.
_BLUR, _MARGIN = 1.0, 2
#: Candidates that each of the two ways to look for some finds.
_CANDIDATES: Final = 16
#: Side of the small copies that the one looks at, and frequencies along an axis that the other does.
_SMALL, _FREQUENCIES = 14, 8
#: Images that are compared at once: in small, and with their candidates.
_AT_ONCE, _CLOSELY_AT_ONCE = 256, 64


@final
class AlignedImages(Nearest):
    """Correlate images with references at all small shifts and turns.

    The distance is 1 - r, with r the largest normalised cross-correlation of the blurred grey images
    over shifts of up to two pixels and turns of up to five degrees; its peak is found between pixels
    by a parabola. References to compare with are those with the likest amplitude spectra, which a
    shift leaves alone, and those whose small copies correlate most.

    Args:
        references: The references, three at least.
    """

    def __init__(self, references: Sequence[Record]) -> None:
        import torch

        side = max(image_of(references[0]).shape[:2])
        self._side = max(_LEAST_SIDE, min(_SIDE, side))
        parts = [
            (_blurred(grey).half(), _spectra(grey), _scaled(grey))
            for grey in map(self._grey, in_parts(references))
        ]
        self._images, self._spectra, self._small = map(torch.cat, zip(*parts, strict=True))
        self._found = min(_CANDIDATES, len(references) - 1)

    def distances(
        self, records: Sequence[Record], own: Sequence[int] | None = None
    ) -> npt.NDArray[np.float64]:
        """Measure samples."""
        import torch

        grey = self._grey(records)
        left_out = None if own is None else torch.as_tensor(own)
        candidates = torch.cat(
            [
                self._candidates(part, None if left_out is None else left_out.split(_AT_ONCE)[i])
                for i, part in enumerate(grey.split(_AT_ONCE))
            ]
        )
        parts = zip(grey.split(_CLOSELY_AT_ONCE), candidates.split(_CLOSELY_AT_ONCE), strict=True)
        return np.concatenate([self._closely(part, found).numpy() for part, found in parts])

    def _grey(self, records: Sequence[Record]) -> Tensor:
        """Scale images. Shape `(n, side, side)`."""
        return planes(records, self._side).mean(1)

    def _candidates(self, grey: Tensor, own: Tensor | None) -> Tensor:
        """Find references that may be near. Shape `(n, candidates)`, some perhaps twice."""
        import torch

        alike = [_spectra(grey) @ self._spectra.T]
        small, best = _scaled(grey), None
        for down, across in _shifts(1):
            here = _window(small, down, across) @ _window(self._small, -down, -across).T
            best = here if best is None else torch.maximum(best, here)
        assert best is not None
        found = []
        for likeness in (*alike, best):
            if own is not None:
                likeness[torch.arange(len(own)), own] = -2
            found.append(likeness.topk(self._found, dim=1).indices)
        return torch.cat(found, 1)

    def _closely(self, grey: Tensor, found: Tensor) -> Tensor:
        """Compare images with their candidates. Shape `(n, 2)`."""
        import torch

        # A candidate that was found both ways counts once.
        found = found.sort(dim=1).values
        twice = torch.zeros_like(found, dtype=torch.bool)
        twice[:, 1:] = found[:, 1:] == found[:, :-1]
        references = self._images[found].float()
        turned = [_blurred(_turned(grey, turn)) for turn in _TURNS]
        at_shifts: list[list[Tensor]] = [[] for _ in turned]
        for down, across in _shifts(_SHIFT):
            there = _window(references, -down, -across)
            for image, correlations in zip(turned, at_shifts, strict=True):
                here = _window(image, down, across)
                correlations.append(torch.einsum("np,nkp->nk", here, there))
        peaks = torch.stack([_peak(torch.stack(c)) for c in at_shifts]).amax(0)
        distances = (1 - peaks).clamp(min=0).masked_fill(twice, 2.0)
        return distances.topk(2, dim=1, largest=False).values.double()


def _shifts(most: int) -> list[tuple[int, int]]:
    """List shifts down and across."""
    steps = range(-most, most + 1)
    return [(down, across) for down in steps for across in steps]


def _window(images: Tensor, down: int, across: int) -> Tensor:
    """Cut out what two images share when one of them is shifted, scaled to mean 0 and length 1.

    Args:
        images: Shape `(..., side, side)`.
        down: Rows that this one begins after the other, below 0 where the other does.
        across: Likewise, columns.
    """
    side = images.shape[-1]
    rows, columns = (slice(max(0, s), side + min(0, s)) for s in (down, across))
    window = images[..., rows, columns].flatten(-2)
    window = window - window.mean(-1, keepdim=True)
    scaled: Tensor = window / window.norm(dim=-1, keepdim=True).clamp(min=1e-6)
    return scaled


def _peak(correlations: Tensor) -> Tensor:
    """Find the height of the highest peak, between pixels. Shape `(shifts, n, k)` to `(n, k)`."""
    import torch
    from torch.nn import functional

    width = 2 * _SHIFT + 1
    height, at = correlations.max(0)
    row, column = at // width, at % width
    table = correlations.view(width, width, *height.shape).permute(2, 3, 0, 1)
    table = functional.pad(table, (1, 1, 1, 1), value=math.nan)
    n, k = (torch.arange(size) for size in height.shape)
    n = n[:, None]
    between = height
    for down, across in ((1, 0), (0, 1)):
        before = table[n, k, row + 1 - down, column + 1 - across]
        after = table[n, k, row + 1 + down, column + 1 + across]
        bend = (2 * height - before - after).clamp(min=1e-6)
        between = between + ((after - before).square() / (8 * bend)).nan_to_num(0.0)
    return between.clamp(max=1)


def _blurred(grey: Tensor) -> Tensor:
    """Blur images, and cut off where the border shows."""
    import torch
    from torch.nn import functional

    reach = math.ceil(3 * _BLUR)
    weights = torch.exp(-torch.arange(-reach, reach + 1.0).square() / (2 * _BLUR**2))
    weights = weights / weights.sum()
    padded = functional.pad(grey[:, None], (reach,) * 4, mode="replicate")
    blurred = functional.conv2d(padded, weights[None, None, :, None])
    blurred = functional.conv2d(blurred, weights[None, None, None, :])[:, 0]
    kept = slice(_MARGIN, blurred.shape[-1] - _MARGIN)
    return blurred[:, kept, kept]


def _spectra(grey: Tensor) -> Tensor:
    """Describe images by the amplitudes of their low frequencies. Shape `(n, width)`, each of length 1."""
    import torch

    amplitudes = torch.fft.rfft2(grey - grey.mean((1, 2), keepdim=True)).abs()
    low = torch.cat(
        [
            amplitudes[:, :_FREQUENCIES, : _FREQUENCIES + 1],
            amplitudes[:, 1 - _FREQUENCIES :, : _FREQUENCIES + 1],
        ],
        1,
    )
    described = low.flatten(1).sqrt()
    scaled: Tensor = described / described.norm(dim=1, keepdim=True).clamp(min=1e-6)
    return scaled


def _scaled(grey: Tensor) -> Tensor:
    """Make small copies."""
    from torch.nn import functional

    return functional.interpolate(grey[:, None], (_SMALL, _SMALL), mode="bilinear", antialias=True)[
        :, 0
    ]


def _turned(grey: Tensor, degrees: float) -> Tensor:
    """Turn images about their middle."""
    import torch
    from torch.nn import functional

    if not degrees:
        return grey
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]).expand(len(grey), 2, 3)
    grid = functional.affine_grid(turn, [len(grey), 1, *grey.shape[1:]], align_corners=False)
    return functional.grid_sample(grey[:, None], grid, padding_mode="border", align_corners=False)[
        :, 0
    ]
