"""Differentiable augmentation: the same random changes for what a critic sees, real or made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["augment"]


def augment(images: Tensor) -> Tensor:
    """Change brightness, contrast and colour, move each image, and cut a piece out; gradients pass through.

    A critic that sees few images learns them by heart. Seeing only changed ones, real and made alike, it cannot, and
    the changes do not leak into what is generated.

    Args:
        images: Shape `(n, channels, rows, columns)`, in [-1, 1].

    Returns:
        As many images of the same shape; values may leave [-1, 1] a little.

    Source:
        Zhao et al., "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020; all three of its
        policies (colour, translation by up to an eighth, cutout of half a side).
    """
    return _cut(_move(_colour(images)))


def _colour(images: Tensor) -> Tensor:
    """Shift the brightness, scale the contrast and, of coloured images, the saturation."""
    rows = (len(images), 1, 1, 1)
    images = images + torch.rand(rows, device=images.device) - 0.5
    if images.shape[1] > 1:
        grey = images.mean(1, keepdim=True)
        images = grey + (images - grey) * 2 * torch.rand(rows, device=images.device)
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + (images - middle) * (torch.rand(rows, device=images.device) + 0.5)


def _move(images: Tensor) -> Tensor:
    """Move each image by up to an eighth of its sides; what was outside is black."""
    count, _, rows, columns = images.shape
    down, right = max(1, round(rows / 8)), max(1, round(columns / 8))
    place = images.device
    by_row = torch.randint(-down, down + 1, (count, 1, 1), device=place)
    by_column = torch.randint(-right, right + 1, (count, 1, 1), device=place)
    which = torch.arange(count, device=place)[:, None, None]
    row = (torch.arange(rows, device=place)[None, :, None] + by_row + 1).clamp(0, rows + 1)
    column = (torch.arange(columns, device=place)[None, None, :] + by_column + 1).clamp(
        0, columns + 1
    )
    framed = F.pad(images, [1, 1, 1, 1], value=-1.0).permute(0, 2, 3, 1)
    return framed[which, row, column].permute(0, 3, 1, 2).contiguous()


def _cut(images: Tensor) -> Tensor:
    """Grey out a rectangle of half the sides, anywhere."""
    count, _, rows, columns = images.shape
    place = images.device
    top = torch.randint(0, rows + 1, (count, 1, 1), device=place)
    left = torch.randint(0, columns + 1, (count, 1, 1), device=place)
    row = torch.arange(rows, device=place)[None, :, None]
    column = torch.arange(columns, device=place)[None, None, :]
    inside = ((row - top).abs() < max(1, rows // 4)) & (
        (column - left).abs() < max(1, columns // 4)
    )
    return images * (~inside)[:, None]
