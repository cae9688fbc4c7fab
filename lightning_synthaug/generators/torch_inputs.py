"""What goes into a network: latents drawn from the seeds of their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["draw_latents"]


def draw_latents(
    seeds: Iterable[int], shape: tuple[int, ...], noise: Literal["normal", "uniform"]
) -> NDArray[np.float32]:
    """Draw one latent from each seed, whatever its neighbours are.

    Args:
        seeds: 64-bit seeds. Integers in [0, 2^64).
        shape: Shape of one latent.
        noise: `"normal"` for standard normal numbers, `"uniform"` for [-1, 1).

    Returns:
        float32, shape `(seeds, *shape)`.
    """
    return np.stack([_draw(seed, shape, noise) for seed in seeds])


def _draw(seed: int, shape: tuple[int, ...], noise: str) -> NDArray[np.float32]:
    """Draw one latent."""
    stream = np.random.Generator(np.random.Philox(key=seed))
    if noise == "normal":
        return stream.standard_normal(shape, dtype=np.float32)
    return stream.random(shape, dtype=np.float32) * np.float32(2) - np.float32(1)
