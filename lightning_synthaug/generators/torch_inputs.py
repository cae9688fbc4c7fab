"""What goes into a network: latents drawn from the seeds of their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from lightning_synthaug.errors import GeneratorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from lightning_synthaug.generators.request import Request

__all__ = ["class_of", "draw_latents"]


def class_of(request: Request, index: Mapping[int, int], name: str) -> int:
    """Find the class index of the label asked for.

    Args:
        request: What to make.
        index: Class index of each label.
        name: Name of the generator, for the message.

    Returns:
        The index.

    Raises:
        GeneratorError: There is no such label (SA414).
    """
    if request.label is None or request.label not in index:
        message = (
            f'Generator "{name}" must be asked for one of its labels {sorted(index)}, got '
            f"{request.label!r}. Say which label each class index stands for: classes=[...]."
        )
        raise GeneratorError("SA414", message)
    return index[request.label]


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
