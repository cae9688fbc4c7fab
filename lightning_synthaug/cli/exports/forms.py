"""What the fields of a sample become outside of the store: images, sound, arrays, text, numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final, final
from urllib.parse import quote

import numpy as np

from lightning_synthaug.cli.exports.pictures import is_image, png
from lightning_synthaug.cli.exports.waves import Layout, layout_of, wav
from lightning_synthaug.cli.marking import Mark, Signing
from lightning_synthaug.data.record import Record, Value
from lightning_synthaug.store import StoredSample

__all__ = ["MARKED", "Outgoing", "outgoing", "safe_name"]

MARKED: Final = ("png", "wav")
"""Endings of files that carry the mark themselves."""


@final
@dataclass(frozen=True, slots=True)
class Outgoing:
    """A sample on its way out.

    Attributes:
        key: Its key in the store, in hexadecimal.
        label: The record's own label, else the one that was asked for, else None.
        files: Content of the fields that are files, by `field.ending`: png, wav, npy, txt or bin.
        numbers: The fields that are single numbers.
        provenance: Who made it, from what, and when it was stored. JSON types only.
        mark: What its files say of it.
        thin: Those of `files` that are images with an axis for their one channel, which PNG does not keep.
        waves: Those of `files` that are sound, and where their channels were, which WAV does not keep.
    """

    key: str
    label: int | str | None
    files: Mapping[str, bytes]
    numbers: Mapping[str, int | float | bool]
    provenance: Mapping[str, Any]
    mark: Mark
    thin: Sequence[str] = ()
    waves: Mapping[str, Layout] = field(default_factory=dict)

    def told(self) -> str:
        """Write down in JSON all that is no file."""
        told = {"key": self.key, "label": self.label, "fields": dict(self.numbers)}
        files = {"files": list(self.files), "thin": list(self.thin), "waves": dict(self.waves)}
        made = {"digital_source_type": self.mark.source_type, "provenance": self.provenance}
        return json.dumps({**told, **files, **made})


def outgoing(sample: StoredSample, record: Record, signing: Signing | None = None) -> Outgoing:
    """Turn a sample into files, numbers and provenance. Nothing is lost: pixels and waves stay as they are.

    Args:
        sample: What is known of it.
        record: Its content.
        signing: Puts a signed manifest into each image and sound; None: there is none.

    Returns:
        8-bit images as PNG, `audio` with a `rate` as WAV, other arrays as `.npy`, text and bytes as
        they are. Images and sound say that they are synthetic.

    Raises:
        ConfigError: Signing failed (SA817).
        MissingDependency: There is an image, and Pillow is not installed (SA808).
    """
    key = sample.key.hex()
    mark = Mark.of(sample.provenance, key)
    files: dict[str, bytes] = {}
    numbers: dict[str, int | float | bool] = {}
    thin: list[str] = []
    waves: dict[str, Layout] = {}
    for field_name, value in record.items():
        if isinstance(value, bool | int | float):
            numbers[field_name] = value
            continue
        sound = _sound(field_name, record)
        ending, content = _file(value, sound, mark)
        if signing is not None and ending in MARKED:
            content = signing.sign(content, ending, mark)
        name = f"{safe_name(field_name)}.{ending}"
        files[name] = content
        if sound is not None:
            waves[name] = sound[0]
        elif ending == "png" and np.ndim(value) == 3 and np.shape(value)[2] == 1:
            thin.append(name)
    stored = datetime.fromtimestamp(sample.at // 10**9, timezone.utc).isoformat()
    told = {**sample.provenance, "stored_at": stored}
    return Outgoing(key, _label(sample, record), files, numbers, told, mark, thin, waves)


def safe_name(name: str) -> str:
    """Spell a name so that it is one part of a path, the same for the same name, whoever chose it.

    Example:
        >>> safe_name("../etc"), safe_name("cat")
        ('%2E%2E%2Fetc', 'cat')
    """
    spelled = quote(name, safe=" ", errors="replace").replace(".", "%2E")
    return spelled[:100] or "%"


def _label(sample: StoredSample, record: Record) -> int | str | None:
    """Choose the label: a whole number of 64 bits, or text."""
    for label in (record.get("label"), sample.label):
        if isinstance(label, int):
            return int(label) if -(2**63) <= label < 2**63 else str(label)
        if isinstance(label, str):
            return label
    return None


def _sound(name: str, record: Record) -> tuple[Layout, int] | None:
    """Say where the channels of a field are that is sound, and its rate; None where it is none."""
    value, rate = record[name], record.get("rate")
    if name != "audio" or not isinstance(value, np.ndarray) or not isinstance(rate, int):
        return None
    layout = layout_of(value, rate)
    return None if layout is None else (layout, rate)


def _file(value: Value, sound: tuple[Layout, int] | None, mark: Mark) -> tuple[str, bytes]:
    """Turn a field that is no number into the content of a file."""
    if isinstance(value, str):
        return "txt", value.encode("utf-8", "replace")
    if isinstance(value, bytes):
        return "bin", value
    array = np.asarray(value)
    if sound is not None:
        layout, rate = sound
        return "wav", wav(array, rate, layout, mark)
    if is_image(array):
        return "png", png(array, mark)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return "npy", buffer.getvalue()
