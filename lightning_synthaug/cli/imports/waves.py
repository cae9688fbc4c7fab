"""WAV files of exports as arrays again. Nothing in them is believed."""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["read_wav"]

#: Type of a number by format tag and bits.
_TYPES: Final = {(1, 16): "<i2", (3, 32): "<f4"}
_LEAST: Final = 16  # bytes of a `fmt ` chunk


def read_wav(content: bytes, *, layout: str, rate: object) -> npt.NDArray[Any]:
    """Read the sound of a WAV file.

    Args:
        content: The file.
        layout: Where the channels of the array were; see `exports.waves.Layout`.
        rate: Sampling rate that its record has. Hertz.

    Returns:
        The array that was exported, int16 or float32. It has no more bytes than the file.

    Raises:
        ValueError: The file is cut short or something else, it does not have this rate, or there
            is no such layout.
    """
    chunks = _chunks(content)
    if len(chunks.get(b"fmt ", b"")) < _LEAST or b"data" not in chunks:
        raise ValueError("a WAV file without a format or without sound")
    tag, channels, hertz, _, frame, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if (tag, bits) not in _TYPES:
        raise ValueError(f"a WAV file of format {tag} with {bits} bits")
    if channels < 1 or frame != channels * bits // 8 or len(chunks[b"data"]) % frame:
        raise ValueError(f"a WAV file of {channels} channels with {frame} bytes a frame")
    if type(rate) is not int or rate != hertz:
        raise ValueError(f"a WAV file of {hertz} Hz where the record says {rate!r}")
    numbers = np.frombuffer(chunks[b"data"], _TYPES[tag, bits])
    frames = numbers.astype(numbers.dtype.newbyteorder("="), copy=False).reshape(-1, channels)
    if layout == "flat" and channels == 1:
        return frames[:, 0]
    if layout not in ("first", "last"):
        raise ValueError(f"a WAV file of {channels} channels as {layout!r}")
    return frames.T if layout == "first" else frames


def _chunks(content: bytes) -> dict[bytes, memoryview]:
    """List the chunks of a file, the first of each name."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("no WAV file")
    end = 8 + int.from_bytes(content[4:8], "little")
    if end > len(content):
        raise ValueError("a WAV file that is cut short")
    found: dict[bytes, memoryview] = {}
    at = 12
    while at + 8 <= end:
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        if at + 8 + size > end:
            raise ValueError("a WAV file with a chunk that is cut short")
        found.setdefault(content[at : at + 4], memoryview(content)[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found
