"""Opening a network that carries its own graph: `.pt2` of `torch.export`, or TorchScript.

Such a file is a program. Its tensor operations may read and write files with the rights of whoever
runs it, so that it is opened only where the user says that it is trusted. Even then no pickled
code runs: torch itself unpickles parts of a `.pt2` archive without limits, so each part is checked
before.
"""

from __future__ import annotations

import io
import json
import re
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.torch_weights import load_pickled

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["load_program"]

_RAW = re.compile(r"(weight|tensor)_\d+")
# Short texts that torch compares or ignores, by the end of their path.
_MARKS = frozenset(
    {"version", "archive_format", "archive_version", "byteorder", "serialization_id"}
)


def load_program(weights: Path, device: str) -> Callable[..., Any]:
    """Open a program that the user trusts.

    Args:
        weights: A `.pt2` archive of `torch.export`, or a TorchScript file.
        device: Torch device.

    Returns:
        The callable network.

    Raises:
        GeneratorError: The file is no program, damaged, or holds pickled code (SA411).
    """
    import torch

    try:
        if weights.suffix == ".pt2":
            _refuse_pickles(weights)
            program = torch.export.load(weights)
            if torch.device(device).type != "cpu":
                from torch.export.passes import move_to_device_pass

                program = move_to_device_pass(program, device)
            return program.module()
        if weights.suffix == ".safetensors":
            raise ValueError(
                "the file holds tensors only, so `module` must say what to do with them"
            )
        with warnings.catch_warnings():
            # Newer torch versions call TorchScript deprecated; files in that format will be around for years.
            warnings.simplefilter("ignore", DeprecationWarning)
            script: Any = torch.jit  # typed in some versions of torch and not in others
            return script.load(str(weights), map_location=device).eval()  # type: ignore[no-any-return]
    except Exception as error:  # each torch version raises another kind for a damaged file
        reason = str(error).strip().split("\n")[0]
        message = (
            '`weights` without a `module` must be a ".pt2" or TorchScript program, got '
            f'"{weights}" ({reason}). '
            "If the file holds weights only, pass the network: module=MyGenerator()."
        )
        raise GeneratorError("SA411", message) from error


def _refuse_pickles(path: Path) -> None:
    """Let only those parts of an archive pass that no reader can take for pickled code.

    These are JSON, raw tensor bytes that a configuration lists, texts that are never unpickled, and
    what `weights_only=True` reads. Everything else is refused, compiled libraries included.

    Source:
        `torch/export/pt2_archive/_package.py` and `torch/_export/serde/serialize.py`, torch 2.13,
        for what is unpickled: payloads with `use_pickle`, custom objects, and each `.pt`.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len({name.casefold() for name in names}) < len(names):
            raise ValueError("two parts of the archive have one name")
        tables = {name: _json(archive.read(name)) for name in names if name.endswith(".json")}
        raw = {
            str(PurePosixPath(name).parent / payload)
            for name, table in tables.items()
            if name.endswith("_config.json")
            for payload in _payloads(name, table)
        }
        for name in names:
            parts = PurePosixPath(name).parts
            text = parts[-1] in _MARKS or parts[1:2] == ("extra",)
            if name in raw or text or tables.get(name) is not None:
                continue
            try:
                load_pickled(io.BytesIO(archive.read(name)))
            except Exception as error:
                raise ValueError(f'its part "{name}" holds pickled or compiled code') from error


def _json(content: bytes) -> Any:
    """Read JSON; None when it is something else under that name, as in archives of torch 2.1."""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _payloads(name: str, table: Any) -> list[str]:
    """List the raw payloads of a configuration, and refuse every other kind."""
    payloads = table["config"].values() if table is not None else ()
    for payload in payloads:
        if payload["use_pickle"] is not False or not _RAW.fullmatch(payload["path_name"]):
            raise ValueError(f'"{payload["path_name"]}" of its part "{name}" is pickled')
    return [payload["path_name"] for payload in payloads]
