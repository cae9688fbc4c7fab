"""Transform a whole batch on its device, seeded by its place in the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from lightning_synthaug.data.naming import AUDIO_KEYS, IMAGE_KEYS
from lightning_synthaug.data.transforms import seeded_globals
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.seeding import child_seed

__all__ = ["images_of", "on_device"]


def on_device(
    function: Callable[..., Any],
    tensors: Sequence[torch.Tensor],
    rows: torch.Tensor | None,
    seed: int,
) -> list[torch.Tensor]:
    """Call a function with a batch, or with some of its rows, and put what it returns in their place.

    Global random states of Python, NumPy and torch, on the CPU and on the device, are seeded for the call and put back.

    Args:
        function: Takes the tensors; a module is moved to their device.
        tensors: Parts of a batch, each of shape `(n, ...)`.
        rows: Rows that are changed, ascending. None: all.
        seed: 64-bit seed.

    Returns:
        As many tensors, new ones; of the same shape where only some rows are changed.

    Raises:
        ConfigError: The function returns something else (SA612).
    """
    device = tensors[0].device
    if rows is not None:
        rows = rows.to(device)
        if not len(rows):
            return list(tensors)
    given = [t if rows is None else t.index_select(0, rows) for t in tensors]
    if isinstance(function, torch.nn.Module):
        function.to(device)
    with _seeded(seed, device):
        result = function(*given)
    if not isinstance(result, torch.Tensor):  # torch-audiomentations returns what holds its tensor
        result = getattr(result, "samples", result)
    made = list(result) if isinstance(result, (tuple, list)) else [result]
    fit = len(made) == len(given) and all(
        isinstance(new, torch.Tensor)
        and new.dtype == old.dtype
        and (new.shape == old.shape if rows is not None else new.shape[:1] == old.shape[:1])
        for new, old in zip(made, given, strict=False)
    )
    if not fit:
        raise ConfigError(
            "SA612",
            "A transform of batches must return as many tensors as it gets, with the same rows and dtype (and the same "
            f"shape where only some rows are changed), got {_shapes(made)} for {_shapes(given)}. Correct the function.",
        )
    if rows is None:
        return made
    return [old.index_copy(0, rows, new) for old, new in zip(tensors, made, strict=True)]


def images_of(batch: Any) -> torch.Tensor:
    """Find the images or sounds in a batch: itself, its first element, or the one under the key of such.

    Args:
        batch: What the loader delivered, on any device.

    Returns:
        Shape `(n, ...)`.

    Raises:
        ConfigError: There are none, or masks that would stay where they are while images move (SA612).
    """
    parts = [batch]
    if isinstance(batch, Mapping):
        key = next((key for key in (*IMAGE_KEYS, *AUDIO_KEYS) if key in batch), None)
        parts = [batch.get(key), *(value for name, value in batch.items() if name != key)]
    elif isinstance(batch, (tuple, list)):
        parts = list(batch)
    images = parts[0] if parts else None
    if isinstance(images, torch.Tensor) and images.ndim > 1:
        moved = [p for p in parts[1:] if isinstance(p, torch.Tensor) and p.ndim > 2]
        if all(part.shape[-2:] != images.shape[-2:] for part in moved):
            return images
    raise ConfigError(
        "SA612",
        "`batch_transform` needs a batch whose first element, or the one under the key of an image or a sound, holds "
        f"images or sounds, and none that lies on them, got {_shapes(parts)}. In training_step, call "
        "`batch_info(self).transform(function, images, masks)` with what belongs together.",
    )


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the global random states and that of a device, and put them back."""
    generators = getattr(getattr(torch, device.type, None), "default_generators", None)
    with seeded_globals(seed):
        if not generators:  # the CPU, whose state is among the global ones
            yield
            return
        generator = generators[device.index]
        state = generator.get_state()
        generator.manual_seed(child_seed(seed, "device") >> 1)
        try:
            yield
        finally:
            generator.set_state(state)


def _shapes(parts: Sequence[Any]) -> str:
    """Write what parts of a batch are, for a message."""
    named = (
        f"{str(p.dtype).removeprefix('torch.')}{list(p.shape)}"
        if isinstance(p, torch.Tensor)
        else type(p).__name__
        for p in parts
    )
    return f"({', '.join(named)})"
