"""Reading a network and its weights from disk, without ever running code that a weights file brings along.

safetensors holds tensors only; `.pt` and `.pth` state dicts are read with `weights_only=True`; a
`.pt2` or TorchScript archive is a program of tensor operations that torch itself interprets.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import ConfigError, GeneratorError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor, nn

__all__ = ["describe_module", "import_object", "load_network", "own_randomness"]

_SHOWN = 8


def load_network(
    weights: Path,
    *,
    module: nn.Module | Callable[..., nn.Module] | str | None,
    module_args: Mapping[str, Any],
    device: str,
) -> Callable[..., Any]:
    """Make the network, in evaluation mode on its device.

    The user's own module is copied, so that neither its weights nor its mode change under them.

    Args:
        weights: A `.safetensors`, `.pt` or `.pth` file of a module's weights; without a module, a
            `.pt2` archive of `torch.export` or a TorchScript file.
        module: The module, something that makes it, its import path `"package.module:Class"`, or
            None.
        module_args: Keyword arguments for what makes the module.
        device: Torch device.

    Returns:
        The callable network.

    Raises:
        GeneratorError: The file is missing or unreadable, or its weights do not fit the module.
        ConfigError: `module` cannot be imported or is no module.
    """
    if not weights.is_file():
        message = f'`weights` must be an existing file, got "{weights}". Correct the path, or download the file first.'
        raise GeneratorError("SA411", message)
    if module is None:
        return _load_program(weights, device)
    network = _make_module(module, module_args)
    _fit(network, _read_weights(weights), weights)
    return network.to(device).eval()


def import_object(path: str) -> Any:
    """Import what an import path names.

    Args:
        path: `"package.module:Name"`.

    Returns:
        The object.

    Raises:
        ConfigError: The path has another form, or nothing is found there.

    Example:
        >>> import_object("math:pi") > 3
        True
    """
    package, separator, name = path.partition(":")
    if not separator or not name:
        message = f'An import path must read "package.module:Name", got {path!r}. Put a colon before the name.'
        raise ConfigError("SA415", message)
    try:
        found: Any = importlib.import_module(package)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        message = (
            f'"{path}" must name something that can be imported, got {type(error).__name__}: '
            f"{error}. "
            "Check the spelling, and that the package is installed in this environment."
        )
        raise ConfigError("SA415", message) from error
    return found


def describe_module(module: nn.Module | Callable[..., nn.Module] | str | None) -> str:
    """Write down which network this is, the same in every process.

    Args:
        module: As for `load_network`.

    Returns:
        An import path; for a module that is already made, its layers as well.
    """
    from torch import nn

    if module is None or isinstance(module, str):
        return module or ""
    if isinstance(module, nn.Module):
        return f"{type(module).__module__}:{type(module).__qualname__} {module!r}"
    factory: Any = getattr(module, "func", module)
    return f"{factory.__module__}:{factory.__qualname__}"


@contextlib.contextmanager
def own_randomness(device: str) -> Iterator[None]:
    """Leave torch's global generators as they were.

    A network that draws from them all the same starts at a fixed seed, so that at least whole
    batches repeat.

    Args:
        device: Torch device whose generator is meant, besides the CPU's.

    Yields:
        Nothing.
    """
    import torch

    place = torch.device(device)
    devices = [place] if place.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        yield


def _make_module(
    module: nn.Module | Callable[..., nn.Module] | str, module_args: Mapping[str, Any]
) -> nn.Module:
    """Copy the module given, or make one."""
    from torch import nn

    factory = import_object(module) if isinstance(module, str) else module
    if isinstance(factory, nn.Module):
        return copy.deepcopy(factory)
    made = factory(**module_args)
    if not isinstance(made, nn.Module):
        message = (
            f"`module` must be or make a torch.nn.Module, got {type(made).__name__} from "
            f"{module!r}. "
            "Give the class itself, an instance, or a function that returns one."
        )
        raise ConfigError("SA415", message)
    return made


def _load_program(weights: Path, device: str) -> Callable[..., Any]:
    """Open a network that carries its own graph."""
    import torch

    try:
        if weights.suffix == ".pt2":
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


def _read_weights(weights: Path) -> dict[str, Tensor]:
    """Read named tensors, from safetensors or from a state dict."""
    import torch

    try:
        if weights.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(weights)
        state = torch.load(weights, map_location="cpu", weights_only=True)
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
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        message = (
            f"`weights` must hold a state dict of named tensors, got {type(state).__name__} from "
            f'"{weights}". '
            "Save model.state_dict() with safetensors.torch.save_file."
        )
        raise GeneratorError("SA411", message)
    return state


def _fit(network: nn.Module, state: dict[str, Tensor], weights: Path) -> None:
    """Put the weights into the module, or say exactly what does not fit."""
    wanted = network.state_dict()
    missing = sorted(set(wanted) - set(state))
    unexpected = sorted(set(state) - set(wanted))
    reshaped = [
        f"{key}: module {list(wanted[key].shape)}, file {list(state[key].shape)}"
        for key in sorted(set(wanted) & set(state))
        if wanted[key].shape != state[key].shape
    ]
    if missing or unexpected or reshaped:
        message = (
            f'The weights must fit `module` {type(network).__name__}, got others in "{weights}".\n'
            f"  missing in the file:       {_shorten(missing)}\n"
            f"  unexpected in the file:    {_shorten(unexpected)}\n"
            f"  of another shape:          {_shorten(reshaped)}\n"
            "Give the module that these weights were saved from, with the same arguments."
        )
        raise GeneratorError("SA412", message)
    network.load_state_dict(state)


def _shorten(names: list[str]) -> str:
    """List a few names and count the rest."""
    if not names:
        return "none"
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
