"""Sound as WAV, without loss."""

from __future__ import annotations

import struct
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from lightning_synthaug.cli.marking import Mark, packet, tool

__all__ = ["Layout", "layout_of", "wav"]

Layout = Literal["flat", "first", "last"]
"""Where the channels of an array are: there is only one and no axis for it; the first axis; the last."""

#: Format tag, bits of a number, and its type in the file.
_FORMATS: Final = {"int16": (1, 16, "<i2"), "float32": (3, 32, "<f4")}
_CHANNELS: Final = 32  # more than that along both axes is a spectrogram or the like
_LENGTHS: Final = 1 << 32  # what a length in the file can say
_BESIDES: Final = 1 << 20  # bytes left for the mark and for a manifest


def layout_of(array: npt.NDArray[Any], rate: object) -> Layout | None:
    """Tell whether an array is sound that a WAV file holds to the bit, and where its channels are.

    Args:
        array: Any array.
        rate: What its record has as `rate`. Hertz.

    Returns:
        None where it is something else: not int16 or float32, of other rank, empty, too long, or
        without a rate. Of two axes the first is the channels, as in torchaudio, unless the second
        is the shorter one.

    Example:
        >>> layout_of(np.zeros((2, 100), np.int16), 16000)
        'first'
        >>> layout_of(np.zeros(100, np.int16), None) is None
        True
    """
    if array.dtype.name not in _FORMATS or array.ndim not in (1, 2) or array.size == 0:
        return None
    channels = min(array.shape) if array.ndim == 2 else 1
    if channels > _CHANNELS or array.nbytes > _LENGTHS - _BESIDES:
        return None
    frame = channels * array.itemsize
    if type(rate) is not int or not 1 <= rate * frame < _LENGTHS:
        return None
    if array.ndim == 1:
        return "flat"
    return "first" if array.shape[0] == channels else "last"


def wav(array: npt.NDArray[Any], rate: int, layout: Layout, mark: Mark) -> bytes:
    """Write sound as a WAV file.

    Args:
        array: The sound, int16 or float32.
        rate: Sampling rate. Hertz.
        layout: What `layout_of` returned for the two.
        mark: What the file says of its sample.

    Returns:
        RIFF: the very numbers as PCM of 16 bits or IEEE floats of 32, then the mark as LIST INFO,
        which players show, and as XMP in a chunk `_PMX`.

    Source:
        Microsoft, Multimedia Programming Interface and Data Specifications 1.0; XMP
        specification, part 3.
    """
    frames = array.reshape(-1, 1) if layout == "flat" else array.T if layout == "first" else array
    tag, bits, kind = _FORMATS[array.dtype.name]
    channels = frames.shape[1]
    frame = channels * bits // 8
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)
    chunks = [_chunk(b"fmt ", head if tag == 1 else head + bytes(2))]
    if tag != 1:
        chunks.append(_chunk(b"fact", struct.pack("<I", len(frames))))
    chunks += [
        # Before the mark: there are players that take all that follows byte 44 for sound.
        _chunk(b"data", np.ascontiguousarray(frames, dtype=kind).tobytes()),
        _chunk(b"LIST", b"INFO" + _told(mark)),
        _chunk(b"_PMX", packet(mark).encode()),
    ]
    return _chunk(b"RIFF", b"WAVE" + b"".join(chunks))


def _told(mark: Mark) -> bytes:
    """Say in the words of LIST INFO what wrote the file, under which licence, and what it is."""
    values = {
        b"ISFT": tool(),
        b"ICOP": mark.licence,
        b"ICMT": f"{mark.sentence()} Digital source type: {mark.source_type}",
    }
    return b"".join(
        _chunk(name, value.encode() + b"\0") for name, value in values.items() if value is not None
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    """Write a chunk; those of odd length are followed by a zero."""
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
