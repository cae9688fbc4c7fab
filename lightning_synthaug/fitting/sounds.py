"""Sounds to fit on: of one rate and length, shown as pictures."""

from __future__ import annotations

import io
import wave
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

import numpy as np
import torch

from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.generators.fitted_on import sound_digests
from lightning_synthaug.generators.networks.sounds import Spectrograms
from lightning_synthaug.transforms.sounds.base import as_waves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from lightning_synthaug.fitting.data import FitData

__all__ = ["heard", "sound_data", "wav_of"]

_LEAST = 0.1  # seconds
_GAP = 0.2  # seconds between two sounds in a file


def sound_data(
    sounds: ArrayLike | Sequence[ArrayLike],
    labels: ArrayLike,
    *,
    rate: int | None = None,
    bands: int = 32,
    known: Sequence[int] | None = None,
    spectrograms: Spectrograms | None = None,
) -> FitData:
    """Check sounds and labels and bring them into the form that the networks take.

    Args:
        sounds: Each of shape `(n,)`, `(1, n)` or `(n, 1)`, floats in [-1, 1] or signed whole numbers; shorter ones are
            followed by silence.
        labels: Integers of any value, one a sound.
        rate: Sampling rate of all; None: that of `spectrograms`. Hertz, >= 100.
        bands: Rows of a picture, 4 to 512.
        known: All labels that there may be, ascending; then a single sound is enough. None: those in `labels`.
        spectrograms: How they are shown; None: as suits them.

    Returns:
        The data.

    Raises:
        DataError: A sound has another form, values lie outside [-1, 1], or they last less than 0.1 seconds, or
            labels have another form (SA440).
    """
    rate = spectrograms.rate if spectrograms is not None else rate
    if type(rate) is not int or rate < 100 or type(bands) is not int or not 4 <= bands <= 512:
        _wrong(
            "`rate` must be a whole number from 100, and `bands` one from 4 to 512",
            f"{rate!r} and {bands!r}",
        )
    given = [np.asarray(sound) for sound in cast("Iterable[Any]", sounds)]
    waves = [_waves(sound) for sound in given]
    longest = max(map(len, waves), default=0)
    if longest < _LEAST * rate:
        _wrong(f"Sounds must last {_LEAST} seconds at least", f"{longest} samples at {rate} Hz")
    whole = {sound.dtype for sound in given} == {np.dtype(np.int16)}
    length = longest if spectrograms is None else spectrograms.length
    if longest > length:
        _wrong("Sounds must be as long as those fitted on", f"{longest} samples for {length}")
    padded = torch.from_numpy(np.stack([np.pad(w, (0, length - len(w))) for w in waves]))
    form = spectrograms or Spectrograms.of(padded, rate=rate, bands=bands)
    made = fit_data(form.images(padded)[:, 0].numpy(), labels, known=known)
    return replace(
        made,
        dtype="int16" if whole else "float32",
        digests=sound_digests(waves),
        spectrograms=form,
    )


def heard(images: NDArray[np.float32], data: FitData) -> NDArray[np.float32]:
    """Show how made pictures look after they were made into sounds; images stay as they are.

    Args:
        images: In [0, 1], shape `(n, channels, rows, columns)`.
        data: What was fitted on.

    Returns:
        The same shape.
    """
    if data.spectrograms is None:
        return images
    sounds = data.spectrograms.sounds(torch.from_numpy(images))
    shown: NDArray[np.float32] = data.spectrograms.images(sounds.clamp(-1, 1)).numpy()
    return shown


def wav_of(images: NDArray[np.float32], form: Spectrograms) -> bytes:
    """Play pictures one after the other.

    Args:
        images: In [0, 1], shape `(n, 1, rows, columns)`.
        form: How they show sounds.

    Returns:
        A WAV file of 16 bits.
    """
    sounds = form.sounds(torch.from_numpy(images)).clamp(-1, 1).numpy()
    spaced = np.pad(sounds, ((0, 0), (0, round(_GAP * form.rate)))).ravel()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(form.rate)
        file.writeframes(np.rint(spaced * 32767).astype("<i2").tobytes())
    return buffer.getvalue()


def _waves(sound: NDArray[Any]) -> NDArray[np.float32]:
    """Bring one sound to floats of one channel."""
    try:
        waves, _ = as_waves(sound)
    except DataError as error:
        _wrong("A sound to fit on must be one", error.message)
    if len(waves) != 1:
        _wrong("Sounds to fit on must have one channel", f"{len(waves)}: mix them")
    loudest = float(np.abs(waves).max())
    if not loudest <= 1.0:
        _wrong("Sounds of floating point must lie in [-1, 1]", f"{loudest:.4g}")
    row: NDArray[np.float32] = waves[0]
    return row


def _wrong(what: str, got: str) -> NoReturn:
    """Refuse the data."""
    raise DataError("SA440", f"{what}, got {got}. Convert the sounds before fitting.")
