"""Reading named tensors from disk without running code, and putting them into a module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.digest import file_digest

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["fit_weights", "load_pickled", "misfit", "read_weights", "weights_digest"]

_SHOWN = 8
_SAFE_SINCE = (2, 6)


def weights_digest(weights: str | Path) -> str:
    """Digest a weights file.

    Args:
        weights: The file.

    Returns:
        32 hexadecimal digits.

    Raises:
        GeneratorError: The file is missing (SA411).
    """
    try:
        return file_digest(weights)
    except OSError as error:
        message = (
            f'`weights` must be an existing file, got "{weights}" ({error.strerror}). '
            "Correct the path, or download the file first."
        )
        raise GeneratorError("SA411", message) from error


def load_pickled(file: Path | BinaryIO) -> Any:
    """Read what `torch.save` wrote, as long as it is data.

    Args:
        file: Path or open file.

    Returns:
        Tensors in plain containers, on the CPU.

    Raises:
        ValueError: This version of torch does not keep its promise to run no code.
        Exception: The file holds anything but data, or is damaged.

    Source:
        CVE-2025-32434: before torch 2.6, `weights_only=True` can be made to run code.
    """
    import torch

    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < _SAFE_SINCE:
        raise ValueError(
            f"torch {torch.__version__} may run code that such a file hides (CVE-2025-32434): "
            "update to torch 2.6, or convert the file to safetensors"
        )
    return torch.load(file, map_location="cpu", weights_only=True)


def read_weights(weights: Path) -> dict[str, Tensor]:
    """Read named tensors, from safetensors or from a checkpoint.

    Args:
        weights: A `.safetensors` file, or what `torch.save` made of a state dict or of a
            dictionary that holds some, such as a Lightning checkpoint.

    Returns:
        Tensors by name; those of dictionaries inside the file by `"outer.inner"`.

    Raises:
        GeneratorError: The file cannot be read as data, or holds no named tensors (SA411).
    """
    try:
        if weights.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(weights)
        state = load_pickled(weights)
    except (
        Exception
    ) as error:  # each torch version raises another kind for a damaged or unsafe file
        reason = str(error).strip().split("\n")[0]
        message = (
            f'`weights` must be a readable ".safetensors" file or state dict, got "{weights}" '
            f"({reason}). "
            "Files that hold pickled code are not read: convert them with "
            "safetensors.torch.save_file."
        )
        raise GeneratorError("SA411", message) from error
    tensors = _tensors(state)
    if not tensors:
        message = (
            f"`weights` must hold a state dict of named tensors, got {type(state).__name__} from "
            f'"{weights}". '
            "Save model.state_dict() with safetensors.torch.save_file."
        )
        raise GeneratorError("SA411", message)
    return tensors


def fit_weights(network: nn.Module, state: Mapping[str, Tensor], weights: Path) -> None:
    """Put the weights into the module, or say exactly what does not fit.

    A checkpoint holds more than one network, under prefixes: those tensors count that share a
    prefix under which the names are exactly the module's.

    Args:
        network: Gets the weights.
        state: Tensors by name.
        weights: Their file, for messages.

    Raises:
        GeneratorError: No prefix or several have these names, or shapes differ (SA412).
    """
    wanted = network.state_dict()
    places = _prefixes(state, next(iter(wanted), ""))
    fitting = [prefix for prefix in places if set(_below(state, prefix)) == set(wanted)]
    if len(fitting) > 1:
        message = (
            f"The weights of `module` {type(network).__name__} must be there once, got them under "
            f'{fitting} in "{weights}". '
            "Save those that you mean alone, with safetensors.torch.save_file."
        )
        raise GeneratorError("SA412", message)
    nearest = max(["", *places], key=lambda prefix: len(set(_below(state, prefix)) & set(wanted)))
    found = _below(state, fitting[0] if fitting else nearest)
    missing = sorted(set(wanted) - set(found))
    unexpected = sorted(set(found) - set(wanted))
    reshaped = [
        f"{key}: module {list(wanted[key].shape)}, file {list(found[key].shape)}"
        for key in sorted(set(wanted) & set(found))
        if wanted[key].shape != found[key].shape
    ]
    if missing or unexpected or reshaped:
        what = f"`module` {type(network).__name__}"
        advice = "Give the module that these weights were saved from, with the same arguments."
        raise misfit(what, weights, missing, unexpected, reshaped, advice=advice)
    network.load_state_dict(found)


def misfit(
    what: str,
    weights: Path,
    missing: Iterable[str],
    unexpected: Iterable[str],
    reshaped: Iterable[str] = (),
    *,
    advice: str,
) -> GeneratorError:
    """Make the error that says which weights do not fit.

    Args:
        what: The network, as the message names it.
        weights: Where the weights lie.
        missing: Names that the network has and the file lacks.
        unexpected: Names that the file has and the network lacks.
        reshaped: Names with both shapes.
        advice: What to do, a sentence.

    Returns:
        The error (SA412), to be raised.
    """
    message = (
        f'The weights must fit {what}, got others in "{weights}".\n'
        f"  missing in the file:       {_shorten(sorted(missing))}\n"
        f"  unexpected in the file:    {_shorten(sorted(unexpected))}\n"
        f"  of another shape:          {_shorten(sorted(reshaped))}\n"
        f"{advice}"
    )
    return GeneratorError("SA412", message)


def _tensors(state: Any, prefix: str = "") -> dict[str, Tensor]:
    """List the tensors of nested dictionaries; lists and numbers, such as an optimizer's, are left out."""
    import torch

    found: dict[str, Tensor] = {}
    for key, value in state.items() if isinstance(state, Mapping) else ():
        if torch.is_tensor(value):
            found[f"{prefix}{key}"] = value
        elif isinstance(value, Mapping):
            found |= _tensors(value, f"{prefix}{key}.")
    return found


def _prefixes(state: Mapping[str, Tensor], name: str) -> list[str]:
    """List what stands before a name in the file."""
    before = [key[: len(key) - len(name)] for key in state if key.endswith(name)]
    return [prefix for prefix in before if not prefix or prefix.endswith(".")]


def _below(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """List the tensors under a prefix, without it."""
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def _shorten(names: list[str]) -> str:
    """List a few names and count the rest."""
    if not names:
        return "none"
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
