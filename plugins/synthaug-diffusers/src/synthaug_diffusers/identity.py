"""What a pipeline is, in a few characters: configurations and weights, neither place nor version of a library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from lightning_synthaug.generators.digest import canonical_digest, file_digest

__all__ = ["INDEX", "part_digest", "parts_of", "pipeline_digest"]

INDEX: Final = "model_index.json"
"""The file that lists the parts of a pipeline."""

_DATA: Final = {".json", ".model", ".safetensors", ".txt"}
#: What a configuration tells of where it came from and who wrote it.
_PASSING: Final = {"_diffusers_version", "_name_or_path", "name_or_path", "transformers_version"}


def parts_of(folder: Path) -> dict[str, tuple[str, str]]:
    """List the parts of a pipeline.

    Args:
        folder: A pipeline's folder.

    Returns:
        Library and class by name; parts that it can do without, and lacks, are left out.
    """
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    found = {name: value for name, value in index.items() if isinstance(value, list)}
    return {name: (value[0], value[1]) for name, value in found.items() if value[0] is not None}


def pipeline_digest(folder: Path) -> str:
    """Digest a pipeline: its index and the files of its parts.

    Args:
        folder: A pipeline's folder. Files beside its parts, such as pictures or other checkpoints, do not count.

    Returns:
        32 hexadecimal digits, the same wherever the folder lies.
    """
    parts = {name: part_digest(folder / name) for name in parts_of(folder)}
    return canonical_digest({"index": _configuration(folder / INDEX), "parts": parts})


def part_digest(folder: Path) -> str:
    """Digest configurations, vocabularies and weights of one part.

    Args:
        folder: The part's folder.

    Returns:
        32 hexadecimal digits. A file is read once for as long as its size and time stay the same.
    """
    files = (path for path in sorted(folder.glob("*")) if path.suffix in _DATA)
    return canonical_digest({path.name: _digest(path) for path in files})


def _digest(path: Path) -> Any:
    """Digest one file; a configuration by what it says."""
    return _configuration(path) if path.name.endswith("config.json") else file_digest(path)


def _configuration(path: Path) -> Any:
    """Read a configuration, without what it tells of its origin."""
    return _lasting(json.loads(path.read_text(encoding="utf-8")))


def _lasting(value: Any) -> Any:
    """Leave out what a copy by another version of the libraries would have otherwise."""
    if isinstance(value, dict):
        return {key: _lasting(item) for key, item in value.items() if key not in _PASSING}
    return value
