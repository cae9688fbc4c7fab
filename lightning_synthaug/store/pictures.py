"""Images in the rows of a shard, compressed as PNG, WebP or JPEG.

What comes back is checked against the row before its pixels are read: the file may come from someone else.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, cast, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint
from lightning_synthaug.store.schema import Field, Kind, Schema

if TYPE_CHECKING:
    from lightning_synthaug.data.record import Record

__all__ = ["RAW", "PictureCodec", "decode_picture"]

MAX_SIDE: Final = 16_383  # pixels; WebP has 14 bits for each side
MAX_PIXELS: Final = 1 << 26  # below what Pillow warns of as a decompression bomb
_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}
#: The values of a mask are what it is: only what gives them back exactly may hold them.
_LOSSLESS: Final = frozenset({"image", "mask"})
_LOSSY: Final = frozenset({"image"})
_SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "png": {},
    # Colours of pixels that nobody sees are kept too. More effort takes five times as long for 4 % of the size.
    "webp": {"lossless": True, "exact": True, "method": 1, "quality": 50},
    "jpeg": {},
}


@final
@dataclass(frozen=True, slots=True)
class PictureCodec:
    """How a store writes images.

    Args:
        kind: `"png"`, `"webp"` or `"jpeg"`; None: as they are.
        quality: From 1 to 100 where that loses something; None: nothing is lost.
    """

    kind: Kind | None = None
    quality: int | None = None

    @classmethod
    def parse(cls, text: object) -> PictureCodec:
        """Read a codec as users write it.

        Args:
            text: `"raw"`, `"png"`, `"webp"`, or `"webp:90"` and `"jpeg:90"` with a quality.

        Raises:
            ConfigError: It is none of these (SA311).

        Example:
            >>> PictureCodec.parse("jpeg:90")
            PictureCodec(kind='jpeg', quality=90)
        """
        kind, _, quality = text.partition(":") if isinstance(text, str) else ("", "", "")
        if text == "raw":
            return cls()
        if text in ("png", "webp"):
            return cls(cast("Kind", kind))
        if kind in ("webp", "jpeg") and quality.isdecimal() and 1 <= int(quality) <= 100:
            return cls(cast("Kind", kind), int(quality))
        msg = (
            "`codec` must be 'raw', 'png' or 'webp', which lose nothing, or 'webp:90' or 'jpeg:90' with a quality from "
            f"1 to 100, got {text!r}. Write one of these."
        )
        raise ConfigError("SA311", msg)

    def __str__(self) -> str:
        kind = self.kind or "raw"
        return kind if self.quality is None else f"{kind}:{self.quality}"

    def identity(self, fingerprint: str) -> str:
        """Tell what the samples of a store are of: another thing where writing them loses something.

        Args:
            fingerprint: `Generator.fingerprint()`.

        Returns:
            The fingerprint itself where nothing is lost, so that all such codecs share samples.
        """
        return fingerprint if self.quality is None else f"{fingerprint} {self}"

    def schema(self, schema: Schema, record: Record) -> Schema:
        """Say how the rows of records like one are laid out.

        Args:
            schema: Their schema as they are.
            record: One of them.

        Returns:
            The same, with fields that this codec holds as pictures. What it cannot hold stays as it is: floats,
            other numbers of channels, colours with alpha in JPEG, and images of more than 2^26 pixels.
        """
        if self.kind is None:
            return schema
        fields = tuple(
            replace(field.vary(), kind=self.kind) if self._holds(field, record) else field
            for field in schema.fields
        )
        return schema if fields == schema.fields else Schema(fields, ragged=False).vary()

    def encode(self, array: npt.NDArray[Any]) -> bytes:
        """Compress one image. The same pixels give the same bytes, with one version of Pillow."""
        grey = array[..., 0] if array.shape[2:] == (1,) else array
        settings = _SETTINGS[str(self.kind)] if self.quality is None else {"quality": self.quality}
        file = io.BytesIO()
        _pillow().fromarray(grey).save(file, str(self.kind), **settings)
        return file.getvalue()

    def _holds(self, field: Field, record: Record) -> bool:
        """Tell whether a field of a record can be written as a picture."""
        value = record[field.name]
        if (
            field.name not in (_LOSSLESS if self.quality is None else _LOSSY)
            or field.dtype != "|u1"
        ):
            return False
        channels = _channels(np.shape(cast("Any", value)))
        return channels is not None and not (self.kind == "jpeg" and channels == 4)


def decode_picture(kind: str, shape: list[int], content: bytes) -> npt.NDArray[Any]:
    """Read pixels that `PictureCodec.encode` wrote.

    Args:
        kind: `"png"`, `"webp"` or `"jpeg"`.
        shape: What the row says of it: `(H, W)` or `(H, W, C)`.
        content: The compressed image.

    Returns:
        uint8, read-only, of that shape.

    Raises:
        ValueError: They are something else: another format, size or mode, too large, or broken.
        MissingDependency: Pillow is not installed (SA830).
    """
    channels = _channels(tuple(shape))
    if channels is None:
        raise ValueError(f"no picture has the shape {shape}")
    pillow, mode = _pillow(), _MODES[channels]
    try:
        with pillow.open(io.BytesIO(content), formats=[kind]) as image:
            # WebP knows no grey, and no alpha where there is nothing to see through.
            known = image.mode in ("RGB", "RGBA") if kind == "webp" else image.mode == mode
            if image.size != (shape[1], shape[0]) or not known:
                raise ValueError(f"{image.mode} of {image.size} instead of {mode} of {shape}")
            pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    except Exception as error:  # Pillow has a dozen ways to say that a file is broken
        raise ValueError(f"no {kind} picture: {error}") from error
    pixels = np.ascontiguousarray(pixels).reshape(shape)
    pixels.flags.writeable = False
    return pixels


def _channels(shape: tuple[int, ...]) -> int | None:
    """Count the channels of what can be a picture; None for what cannot."""
    if len(shape) not in (2, 3) or not all(1 <= side <= MAX_SIDE for side in shape[:2]):
        return None
    channels = shape[2] if len(shape) == 3 else 1
    return channels if channels in _MODES and shape[0] * shape[1] <= MAX_PIXELS else None


def _pillow() -> Any:
    """Import Pillow at its first use."""
    try:
        from PIL import Image
    except ImportError as error:
        msg = f"Compressed images in a cache need Pillow, got {error}. {install_hint('images')}"
        raise MissingDependency("SA830", msg) from error
    return Image


#: Images as they are.
RAW: Final = PictureCodec()
