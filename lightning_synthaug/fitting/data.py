"""What a generator is fitted on: images and labels, checked and brought into one form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn, final

import numpy as np

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.scaling import one_size
from lightning_synthaug.generators.fitted_on import image_digests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from lightning_synthaug.generators.networks.sounds import Spectrograms

__all__ = ["FitData", "fit_data"]

_SMALLEST = 4
_TINY = 1024


@final
@dataclass(frozen=True, slots=True, eq=False)
class FitData:
    """Images and labels in the form that the networks take.

    Attributes:
        images: float32 in [0, 1], shape `(n, channels, rows, columns)`.
        classes: Index of each label in `labels`. int64, shape `(n,)`.
        labels: The distinct labels, ascending.
        dtype: dtype that samples have: uint8 or float32; of sounds int16 or float32.
        digest: Digest of images and labels.
        digests: Digest of each sample as it was given. uint64, shape `(n,)`.
        spectrograms: How the images show sounds; None where they are what was given.
    """

    images: NDArray[np.float32]
    classes: NDArray[np.int64]
    labels: list[int]
    dtype: str
    digest: str
    digests: NDArray[np.uint64]
    spectrograms: Spectrograms | None = None

    @property
    def tiny(self) -> bool:
        """Whether a sample is so small that several threads wait for each other longer than they compute."""
        return bool(self.images[0].size <= _TINY)

    def take(self, rows: NDArray[np.int64]) -> FitData:
        """Pick images; labels and digest stay those of all.

        Args:
            rows: Row numbers.

        Returns:
            The data of these rows.
        """
        images, classes, digests = self.images[rows], self.classes[rows], self.digests[rows]
        return replace(self, images=images, classes=classes, digests=digests)

    def describe(self) -> dict[str, Any]:
        """Say what the data were, for the card.

        Returns:
            Plain JSON values; counts by label.
        """
        counts = np.bincount(self.classes, minlength=len(self.labels))
        return {
            "digest": self.digest,
            "count": len(self.classes),
            "count_by_label": {
                str(label): int(count) for label, count in zip(self.labels, counts, strict=True)
            },
            "image_shape": list(self.images.shape[1:]),
            "dtype": self.dtype,
        }


def fit_data(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    known: Sequence[int] | None = None,
    size: int | None = None,
) -> FitData:
    """Check images and labels and bring them into one form.

    Args:
        images: uint8 0..255 or floating point in [0, 1], shape `(n, rows, columns)` or
            `(n, rows, columns, channels)` with one to four channels; sides of at least 4.
        labels: Integers of any value, shape `(n,)`.
        known: All labels that there may be, ascending; then a single image is enough. None: those in `labels`.
        size: Rows and columns that images of any sizes are brought to, in pixels. None: they have one size.

    Returns:
        The data.

    Raises:
        DataError: Shape, dtype or range is another, a value is not finite, or the counts differ.
    """
    given: Any = images
    pixels = np.asarray(given) if size is None else one_size(given, size)
    marks = np.asarray(labels)
    _check_images(pixels, least=2 if known is None else 1)
    if marks.ndim != 1 or not np.issubdtype(marks.dtype, np.integer) or len(marks) != len(pixels):
        _wrong("`labels` must be one integer for each image", f"{_form(marks)} for {len(pixels)}")
    digest = hashlib.blake2b(digest_size=16)
    for part in (pixels, marks.astype(np.int64)):
        digest.update(_form(part).encode() + np.ascontiguousarray(part).tobytes())
    whole = pixels.dtype == np.uint8
    scaled = pixels.astype(np.float32) / np.float32(255 if whole else 1)
    channels = scaled[:, None] if scaled.ndim == 3 else np.moveaxis(scaled, -1, 1)
    values = np.unique(marks) if known is None else np.asarray(known)
    if not np.isin(marks, values).all():
        _wrong(f"`labels` must be among {values.tolist()}", f"{np.unique(marks).tolist()}")
    classes = np.searchsorted(values, marks)
    return FitData(
        np.ascontiguousarray(channels),
        classes.astype(np.int64),
        [int(value) for value in values],
        "uint8" if whole else "float32",
        digest.hexdigest(),
        image_digests(pixels if size is None else given),
    )


def _check_images(pixels: NDArray[Any], least: int) -> None:
    """Insist on images."""
    sides = pixels.shape[1:3]
    shaped = pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] in (1, 2, 3, 4))
    if not shaped or len(pixels) < least or min(sides) < _SMALLEST:
        if pixels.ndim == 4 and pixels.shape[1] in (1, 2, 3, 4):
            message = (
                f"`images` must have their channels last, got {_form(pixels)}. "
                "Move them: images.transpose(0, 2, 3, 1)."
            )
            raise DataError("SA440", message)
        count = "at least two of" if least > 1 else "of the form"
        wanted = f"`images` must be {count} (rows, columns) or (rows, columns, channels)"
        _wrong(f"{wanted}, sides of at least {_SMALLEST}", _form(pixels))
    if pixels.dtype == np.uint8:
        return
    if not np.issubdtype(pixels.dtype, np.floating):
        _wrong("`images` must be uint8, or floating point in [0, 1]", _form(pixels))
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0.0 and high <= 1.0):
        _wrong("`images` of floating point must lie in [0, 1]", f"{low:.4g} to {high:.4g}")


def _form(array: NDArray[Any]) -> str:
    """Write dtype and shape."""
    return f"{array.dtype}{list(array.shape)}"


def _wrong(what: str, got: str) -> NoReturn:
    """Refuse the data."""
    raise DataError("SA440", f"{what}, got {got}. Convert the data before fitting.")
