"""Choose how a user's transform is called."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from lightning_synthaug.data.transforms.albumentation import AlbumentationsTransform
from lightning_synthaug.data.transforms.base import SampleTransform
from lightning_synthaug.data.transforms.functions import FunctionTransform, ModuleTransform
from lightning_synthaug.data.transforms.nlpaug import NlpaugTransform, is_nlpaug
from lightning_synthaug.data.transforms.sound_library import SoundLibraryTransform
from lightning_synthaug.errors import ConfigError

__all__ = ["build_transform"]


def build_transform(transform: Any, *, p: float = 1.0) -> SampleTransform:
    """Wrap whatever the user calls a transform.

    * albumentations (`Compose` or a single transform): called with `image=` and `mask=`;
    * an augmenter of nlpaug: called with the text, global states seeded and restored;
    * a function with a parameter `rng`: called with the image and a `numpy.random.Generator`;
    * a torch module or torchvision transform: called with a `(C, H, W)` tensor, global states
      seeded and restored;
    * audiomentations, torch-audiomentations and what else has a parameter `sample_rate`: called with
      waves and their rate, global states seeded and restored;
    * any other callable: called with the image as an array, global states seeded and restored.

    A function with a parameter `rate` is for sounds, and gets the record's rate if it has one. One with a
    parameter `mask` gets the record's mask as well, and returns both. What takes no
    mask is refused for records that have one.

    Args:
        transform: One of these, or a `SampleTransform`, which is returned as it is.
        p: Probability that a record is transformed at all. Fraction in [0, 1]; kept by a
            `SampleTransform` itself.

    Returns:
        The transform with one way of being called.

    Raises:
        ConfigError: It cannot be called, or `p` is no probability (SA211).

    Example:
        >>> import numpy as np
        >>> from lightning_synthaug.data.record import Record
        >>> def flip(image, rng):
        ...     return image[:, ::-1] if rng.random() < 0.5 else image
        >>> transform = build_transform(flip)
        >>> record = Record({"image": np.arange(4, dtype=np.uint8).reshape(2, 2)})
        >>> transform.apply(record, 7) == transform.apply(record, 7)
        True
    """
    if isinstance(transform, SampleTransform):
        return transform
    if is_nlpaug(transform):
        return NlpaugTransform(transform, p=p)
    if not callable(transform):
        msg = (
            "`transform` must be an albumentations transform or a function of an image, got "
            f"{transform!r}. For several in a row, pass albumentations.Compose([...]) or a "
            "function that calls them."
        )
        raise ConfigError("SA211", msg)
    if hasattr(transform, "set_random_state"):
        return AlbumentationsTransform(transform, p=p)
    if _is_for_waves(transform):
        return SoundLibraryTransform(transform, p=p)
    wants = {"takes_mask": _takes(transform, "mask"), "takes_rate": _takes(transform, "rate")}
    if _takes(transform, "rng"):
        return FunctionTransform(transform, takes_rng=True, **wants, p=p)
    torch = sys.modules.get("torch")
    is_module = torch is not None and isinstance(transform, torch.nn.Module)
    if is_module or type(transform).__module__.partition(".")[0] == "torchvision":
        return ModuleTransform(transform, p=p)
    return FunctionTransform(transform, **wants, p=p)


def _is_for_waves(transform: Any) -> bool:
    """Tell whether a transform is called with waves and their `sample_rate`, as libraries of sound are."""
    theirs = type(transform).__module__.partition(".")[0] == "audiomentations"
    call = getattr(transform, "forward", transform)
    # A choice of theirs passes on whatever it is given.
    return _takes(call, "sample_rate") or (theirs and _takes(call, "kwargs"))


def _takes(function: Any, name: str) -> bool:
    """Tell whether a callable has a parameter of this name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # built in, without a signature
        return False
