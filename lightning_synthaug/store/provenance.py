"""Who made a sample, from what: JSON, with what a whole batch shares written once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from lightning_synthaug.errors import CacheError

__all__ = ["Provenance", "join", "split", "unpack"]


# Made once: `json.dumps` would make one for each sample.
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
MAX_BATCH: Final = 1 << 27  # so that no log becomes longer than readers take


class Provenance(NamedTuple):
    """Provenance of a batch as JSON texts.

    Attributes:
        common: What all its samples share, one object.
        own: The rest of each sample, one object a sample.
    """

    common: str
    own: list[str]

    def pack(self, start: int, stop: int) -> bytes:
        """Return the part for some samples of the batch as one JSON text."""
        return f'{{"common":{self.common},"own":[{",".join(self.own[start:stop])}]}}'.encode()


def split(batch: Sequence[Mapping[str, Any]]) -> Provenance:
    """Separate what a batch shares from what is each sample's own.

    Args:
        batch: Provenance of each sample, JSON types only.

    Returns:
        JSON texts; `join(common, own)` gives each sample's provenance back.

    Raises:
        CacheError: A value is not of a JSON type.

    Example:
        >>> split([{"model": "gan", "seed": 1}, {"model": "gan", "seed": 2}])
        Provenance(common='{"model":"gan"}', own=['{"seed":1}', '{"seed":2}'])
    """
    first = batch[0] if batch else {}
    common = {
        name: value
        for name, value in first.items()
        if all(name in other and _same(value, other[name]) for other in batch)
    }
    own = [{k: v for k, v in one.items() if k not in common} for one in batch]
    told = Provenance(_dumps(common), [_dumps(one) for one in own])
    if (size := len(told.common) + sum(map(len, told.own))) > MAX_BATCH:
        raise CacheError(
            "SA308",
            f"`provenance` must be at most {MAX_BATCH:,} characters for all samples of one `put`, got "
            f"{size:,}. Put fewer samples at once, or say less of each.",
        )
    return told


def join(common: str, own: str) -> dict[str, Any]:
    """Put the provenance of one sample together again.

    Raises:
        ValueError: A text is not a JSON object.
    """
    parts = json.loads(common), json.loads(own)
    if not all(isinstance(part, dict) for part in parts):
        raise ValueError("provenance must be a JSON object")
    return {**parts[0], **parts[1]}


def unpack(text: bytes, count: int) -> Provenance:
    """Read what `Provenance.pack` wrote.

    Raises:
        ValueError: It is something else, or not for `count` samples.
    """
    value = json.loads(text)
    if not isinstance(value, dict) or set(value) != {"common", "own"}:
        raise ValueError("provenance must have `common` and `own`")
    common, own = value["common"], value["own"]
    if not isinstance(common, dict) or not isinstance(own, list) or len(own) != count:
        raise ValueError(f"provenance must be for {count} samples")
    return Provenance(_dumps(common), [_dumps(one) for one in own])


def _same(one: object, other: object) -> bool:
    """Compare as JSON: 1, 1.0 and True differ, although Python calls them equal."""
    if one is other:
        return True
    return type(one) is type(other) and one == other and _dumps(one) == _dumps(other)


def _dumps(value: object) -> str:
    """Write compact JSON, refusing what JSON does not have."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as error:
        raise CacheError(
            "SA308",
            f"`provenance` must hold JSON types only, got {value!r:.200} ({error}). "
            "Convert it, for example with `str(value)`.",
        ) from error
