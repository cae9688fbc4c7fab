"""Making a network: from the user's module and its weights, or from a program that is trusted."""

from __future__ import annotations

import contextlib
import copy
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.torch_program import load_program
from lightning_synthaug.generators.torch_weights import fit_weights, read_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import nn

__all__ = ["describe_module", "import_object", "load_network", "own_randomness"]


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
            `.pt2` archive of `torch.export` or a TorchScript file that the user trusts.
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
        return load_program(weights, device)
    network = _make_module(module, module_args)
    fit_weights(network, read_weights(weights), weights)
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
