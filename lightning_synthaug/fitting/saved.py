"""The folder of a fitted generator: weights and card, both there or neither."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.card import CARD_FORMAT, generator_from_card, read_card
from lightning_synthaug.generators.digest import file_digest
from lightning_synthaug.generators.text.fitted_writer import writer_from_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from lightning_synthaug.generators.base import Generator

__all__ = ["CARD", "ENCODER", "WEIGHTS", "check_out", "load_fitted", "write_fitted"]

WEIGHTS = "generator.safetensors"
CARD = "card.json"
ENCODER = "encoder.safetensors"


def load_fitted(folder: str | Path, *, batch_size: int | None = None, **sampling: Any) -> Generator:
    """Make the generator that `fit_generator` left in a folder.

    Args:
        folder: The folder, with weights and `card.json`.
        batch_size: Samples of a batch, >= 1; None: 64 images, or 16 texts.
        sampling: How it samples. A cvae takes `spread`, `around` and `along`, see `ClassDecoder`; a cgan `spread`; a
            diffusion model `sampler` (`"dpm"` or `"ddim"`), `steps` and `guidance`; a language model `temperature`,
            `top_k`, `top_p`, `repetition_penalty`, `longest`, `dtype` and `model`, see `FittedWriter`.

    Returns:
        The generator, not loaded yet: a `TorchGenerator`, or a `FittedWriter`.

    Raises:
        ConfigError: It does not take what `sampling` names (SA449).
        GeneratorError: A file is missing or damaged, or card and weights do not belong together.
    """
    path = Path(folder) / CARD
    rows = {} if batch_size is None else {"batch_size": batch_size}
    if "base" in read_card(path):
        return writer_from_card(path, sampling=sampling, **rows)
    return generator_from_card(path, sampling=sampling, **rows)


def check_out(out: str | Path) -> Path:
    """Check, before hours of fitting, that its result can be written.

    Args:
        out: The folder to be; missing or empty.

    Returns:
        Its path, with the parent folder made.

    Raises:
        ConfigError: The folder holds something already, or cannot be written.
    """
    path = Path(out)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        state = "with something in it" if path.is_dir() else "which is a file"
        message = (
            f'`out` must be a new or empty folder, got "{path}", {state}. '
            "Choose another folder, or remove this one; nothing is overwritten."
        )
        raise ConfigError("SA441", message)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)).rmdir()
    except OSError as error:
        message = f'`out` must be writable, got "{path}" ({error.strerror}). Choose a folder that you may write to.'
        raise ConfigError("SA441", message) from error
    return path


def write_fitted(
    out: Path,
    weights: Mapping[str, Tensor],
    card: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
    *,
    weights_name: str = WEIGHTS,
) -> None:
    """Write weights, card and report into a folder that appears at once, complete.

    Args:
        out: The folder to be, as `check_out` returned it.
        weights: Named tensors.
        card: What the card says besides format, file name and digest.
        files: Contents of further files by name.
        weights_name: File of the weights.

    Raises:
        ConfigError: Something else was put there in the meantime.
    """
    from safetensors.torch import save_file

    making = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        save_file(
            {name: tensor.contiguous() for name, tensor in weights.items()}, making / weights_name
        )
        head = {
            "format": CARD_FORMAT,
            "weights": weights_name,
            "weights_digest": file_digest(making / weights_name),
        }
        (making / CARD).write_text(json.dumps({**head, **card}, indent=2) + "\n", "utf-8")
        for name, content in (files or {}).items():
            (making / name).write_bytes(content)
        for name in (weights_name, CARD, *(files or {})):
            (making / name).chmod(0o644)
            _sync(making / name)
        making.chmod(0o755)
        check_out(out)
        if out.is_dir():
            out.rmdir()
        making.rename(out)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise


def _sync(path: Path) -> None:
    """Bring a file to the disk before its folder gets its name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
