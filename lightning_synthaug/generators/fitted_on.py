"""What a fitted generator has seen: a digest of each image or sound, kept beside its weights.

A generator makes variants of what it was fitted on. Where validation or test images are among these, the scores of a
model that trains on its samples are too good.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_synthaug.data.layout import is_channels_first
from lightning_synthaug.transforms.sounds.base import as_waves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from lightning_synthaug.generators.base import Generator

__all__ = [
    "DIGESTS",
    "fitted_digests",
    "image_digest",
    "image_digests",
    "record_digests",
    "sound_digest",
    "sound_digests",
]

DIGESTS = "fitted_on.npy"
"""Name of the file beside weights and card."""


def image_digest(image: Any) -> int:
    """Digest what an image shows, whether it is kept in bytes or in floats, channels first or last.

    Args:
        image: uint8 0..255 or floating point in [0, 1]; shape `(rows, columns)` or with up to four channels.

    Returns:
        64 bits.

    Example:
        >>> grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
        >>> image_digest(grey) == image_digest(grey[None] / 255)
        True
    """
    pixels = np.asarray(image)
    if pixels.ndim == 3 and is_channels_first(pixels.shape):
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype.kind == "f":
        pixels = np.rint(pixels.astype(np.float64) * 255).clip(0, 255)
    whole = np.ascontiguousarray(pixels.astype(np.uint8))
    state = hashlib.blake2b(f"{whole.shape}".encode(), digest_size=8, person=b"synthaug-image")
    state.update(whole.tobytes())
    return int.from_bytes(state.digest(), "little")


def image_digests(images: Iterable[Any]) -> NDArray[np.uint64]:
    """Digest images.

    Args:
        images: Each as `image_digest` takes it.

    Returns:
        Shape `(n,)`, in the same order.
    """
    return np.array([image_digest(image) for image in images], np.uint64)


def sound_digest(sound: Any) -> int:
    """Digest a sound, whether it is kept in whole numbers or in floats, with silence at its ends or without.

    Args:
        sound: Shape `(n,)`, `(channels, n)` or `(n, channels)`, floats in [-1, 1] or signed whole numbers.

    Returns:
        64 bits.

    Raises:
        DataError: It is no sound (SA214).

    Example:
        >>> sound = np.array([0, 16384, -3, 0], np.int16)
        >>> sound_digest(sound) == sound_digest(sound[None, 1:] / 32768)
        True
    """
    waves, _ = as_waves(np.asarray(sound))
    whole = np.rint(waves.mean(0) * 32768).clip(-32768, 32767).astype("<i2")
    state = hashlib.blake2b(np.trim_zeros(whole).tobytes(), digest_size=8, person=b"synthaug-sound")
    return int.from_bytes(state.digest(), "little")


def sound_digests(sounds: Iterable[Any]) -> NDArray[np.uint64]:
    """Digest sounds.

    Args:
        sounds: Each as `sound_digest` takes it.

    Returns:
        Shape `(n,)`, in the same order.
    """
    return np.array([sound_digest(sound) for sound in sounds], np.uint64)


def record_digests(records: Iterable[Mapping[str, Any]]) -> NDArray[np.uint64]:
    """Digest what records show or say.

    Args:
        records: Each with a field `audio` or `image`.

    Returns:
        Shape `(n,)`, in the same order.
    """
    digests = (
        sound_digest(r["audio"]) if "audio" in r else image_digest(r["image"]) for r in records
    )
    return np.array([*digests], np.uint64)


def fitted_digests(generator: Generator) -> NDArray[np.uint64] | None:
    """Read what a generator was fitted on.

    Args:
        generator: Any.

    Returns:
        Digests, ascending; None where it does not say, as one whose fit was private.
    """
    weights = getattr(generator, "weights", None)
    if not isinstance(weights, str | Path):
        return None
    try:
        digests = np.load(Path(weights).parent / DIGESTS, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return digests if digests.dtype == np.uint64 and digests.ndim == 1 else None
