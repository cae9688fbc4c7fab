"""What a fitted generator has seen: a digest of each image, sound or text, kept beside its weights.

A generator makes variants of what it was fitted on. Where validation or test samples are among these, the scores of a
model that trains on what it makes are too good.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lightning_synthaug.data import adapt
from lightning_synthaug.data.layout import is_channels_first
from lightning_synthaug.transforms.sounds.base import as_waves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.base import Generator

__all__ = [
    "DIGESTS",
    "fitted_digests",
    "image_digest",
    "image_digests",
    "record_digests",
    "seen_samples",
    "sound_digest",
    "sound_digests",
    "text_digest",
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


def text_digest(text: str) -> int:
    r"""Digest a text, however its words are parted.

    Args:
        text: Any text.

    Returns:
        64 bits.

    Example:
        >>> text_digest("A fine film.") == text_digest(" A fine\n film. ")
        True
    """
    words = " ".join(text.split()).encode()
    state = hashlib.blake2b(words, digest_size=8, person=b"synthaug-text")
    return int.from_bytes(state.digest(), "little")


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


def record_digests(records: Iterable[Record], modality: str) -> NDArray[np.uint64]:
    """Digest what records hold.

    Args:
        records: Records with the field `image`, `audio` or `text`.
        modality: `"image"`, `"audio"` or `"text"`.

    Returns:
        Shape `(n,)`, in the same order.
    """
    if modality == "text":
        return np.array([text_digest(str(record["text"])) for record in records], np.uint64)
    if modality == "audio":
        return sound_digests(record["audio"] for record in records)
    return image_digests(record["image"] for record in records)


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


def seen_samples(generator: Generator, dataset: Any, *, most: int | None = None) -> list[int]:
    """List the samples of a dataset that a generator was fitted on.

    What it makes resembles them, so that scores on them are too good. The callback and the DataModule look at
    some of the validation and test samples themselves; in a loop of your own, call this before training.

    Args:
        generator: What `load_fitted` returned.
        dataset: Map-style dataset of images, sounds or texts, whose raw samples can be read.
        most: Look at so many, spread evenly; None: at all.

    Returns:
        Their indices, ascending; none where the generator does not say what it was fitted on.

    Raises:
        DataError: The raw samples cannot be read.
    """
    digests = fitted_digests(generator)
    if digests is None:
        return []
    adapter, count = adapt(dataset), len(dataset)
    rows = np.unique(np.linspace(0, count - 1, min(count, most or count)).astype(np.int64))
    found = record_digests((adapter.record(int(row)) for row in rows), generator.modality)
    return [int(row) for row in rows[np.isin(found, digests)]]
