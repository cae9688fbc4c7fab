"""What the fields of a sample become outside of the store: images, arrays, text, numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, final
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record, Value
from lightning_synthaug.errors import MissingDependency, install_hint
from lightning_synthaug.store import StoredSample

__all__ = ["Outgoing", "outgoing", "safe_name"]

_CHANNELS: Final = (1, 3, 4)


@final
@dataclass(frozen=True, slots=True)
class Outgoing:
    """A sample on its way out.

    Attributes:
        key: Its key in the store, in hexadecimal.
        label: The record's own label, else the one that was asked for, else None.
        files: Content of the fields that are files, by `field.ending`: png, npy, txt or bin.
        numbers: The fields that are single numbers.
        provenance: Who made it, from what, and when it was stored. JSON types only.
        thin: Those of `files` that are images with an axis for their one channel, which PNG does not keep.
    """

    key: str
    label: int | str | None
    files: Mapping[str, bytes]
    numbers: Mapping[str, int | float | bool]
    provenance: Mapping[str, Any]
    thin: Sequence[str] = ()

    def told(self) -> str:
        """Write down in JSON all that is no file."""
        told = {"key": self.key, "label": self.label, "fields": dict(self.numbers)}
        files = {"files": list(self.files), "thin": list(self.thin)}
        return json.dumps({**told, **files, "provenance": self.provenance})


def outgoing(sample: StoredSample, record: Record) -> Outgoing:
    """Turn a sample into files, numbers and provenance. Nothing is lost: pixels stay as they are.

    Args:
        sample: What is known of it.
        record: Its content.

    Returns:
        8-bit images as PNG, other arrays as `.npy`, text and bytes as they are.

    Raises:
        MissingDependency: There is an image, and Pillow is not installed (SA808).
    """
    files: dict[str, bytes] = {}
    numbers: dict[str, int | float | bool] = {}
    thin = []
    for name, value in record.items():
        if isinstance(value, bool | int | float):
            numbers[name] = value
        else:
            ending, content = _file(value)
            files[f"{safe_name(name)}.{ending}"] = content
            if ending == "png" and np.ndim(value) == 3 and np.shape(value)[2] == 1:
                thin.append(f"{safe_name(name)}.{ending}")
    stored = datetime.fromtimestamp(sample.at // 10**9, timezone.utc).isoformat()
    told = {**sample.provenance, "stored_at": stored}
    return Outgoing(sample.key.hex(), _label(sample, record), files, numbers, told, thin)


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


def _file(value: Value) -> tuple[str, bytes]:
    """Turn a field that is no number into the content of a file."""
    if isinstance(value, str):
        return "txt", value.encode("utf-8", "replace")
    if isinstance(value, bytes):
        return "bin", value
    array = np.asarray(value)
    if _is_image(array):
        return "png", _png(array)
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return "npy", buffer.getvalue()


def _is_image(array: npt.NDArray[Any]) -> bool:
    """Tell an 8-bit image, gray or with 1, 3 or 4 channels last, from other arrays."""
    layers = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in _CHANNELS)
    return array.dtype == np.uint8 and layers and array.size > 0


def _png(array: npt.NDArray[Any]) -> bytes:
    """Write an image without loss."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Exporting images needs Pillow, got no module 'PIL'. {install_hint('images')}",
        ) from error
    buffer = io.BytesIO()
    flat = array[:, :, 0] if array.ndim == 3 and array.shape[2] == 1 else array
    Image.fromarray(flat).save(buffer, format="PNG")
    return buffer.getvalue()
