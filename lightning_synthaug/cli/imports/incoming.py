"""A sample on its way back: files, numbers and provenance become a record again. Nothing in it is believed."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, final
from urllib.parse import unquote

import numpy as np

from lightning_synthaug.cli.imports.waves import read_wav
from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import MissingDependency, install_hint
from lightning_synthaug.store import NewSample

__all__ = ["Incoming"]

#: The most pixels that an image may have.
_PIXELS: Final = 1 << 28


@final
@dataclass(frozen=True, slots=True)
class Incoming:
    """What `exports.Outgoing` wrote, as it was read.

    Attributes:
        key: Its key, in hexadecimal.
        files: Content of the fields that are files, by `field.ending`.
        numbers: The fields that are single numbers or truth values.
        provenance: Who made it.
        thin: Those of `files` that are images with an axis for their one channel.
        waves: Where the channels were of those of `files` that are sound.
    """

    key: str
    files: Mapping[str, bytes]
    numbers: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    thin: Sequence[str] = ()
    waves: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def told(cls, text: bytes, files: Mapping[str, bytes]) -> Incoming:
        """Read what stands beside the files of a sample.

        Args:
            text: What `Outgoing.told` wrote.
            files: Content by ending; where there are several, by `field.ending`.

        Returns:
            The sample.

        Raises:
            ValueError: It is something else, or a file is missing.
        """
        told = json.loads(text)
        names = told["files"]
        found = {n: files[n.rpartition(".")[2] if len(names) == 1 else n] for n in names}
        made, waves = told["provenance"], told.get("waves", {})
        return cls(told["key"], found, told["fields"], made, told["thin"], waves)

    def sample(self) -> NewSample:
        """Make the sample that was exported.

        Returns:
            Key, record and provenance.

        Raises:
            ValueError: A part of it is something else.
            MissingDependency: There is an image, and Pillow is not installed (SA808).
        """
        fields: dict[str, Any] = {}
        for name, content in self.files.items():
            stem, _, ending = name.rpartition(".")
            if ending == "wav":
                layout, rate = self.waves[name], self.numbers.get("rate")
                fields[unquote(stem)] = read_wav(content, layout=layout, rate=rate)
            else:
                fields[unquote(stem)] = _value(ending, content, thin=name in self.thin)
        for name, value in self.numbers.items():
            if not isinstance(value, bool | int | float):
                raise ValueError(f"{name!r} is no number")
            fields[name] = value
        provenance = {k: v for k, v in self.provenance.items() if k != "stored_at"}
        return NewSample(bytes.fromhex(self.key), Record(fields), provenance)


def _value(ending: str, content: bytes, *, thin: bool) -> Any:
    """Read the content of one file."""
    if ending == "txt":
        return content.decode()
    if ending == "bin":
        return content
    if ending == "npy":
        return np.load(io.BytesIO(content), allow_pickle=False)
    if ending != "png":
        raise ValueError(f"{ending!r} is no ending of an export")
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Importing images needs Pillow, got no module 'PIL'. {install_hint('images')}",
        ) from error
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        if image.width * image.height > _PIXELS:
            raise ValueError(f"an image of {image.width} x {image.height} pixels")
        pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        raise ValueError(f"an image of {pixels.dtype}")
    return pixels[:, :, None] if thin and pixels.ndim == 2 else pixels
