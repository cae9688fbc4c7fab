"""Making a network: from the user's module and its weights, or from a program that is trusted."""

from __future__ import annotations

import contextlib
import copy
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import ConfigError, GeneratorContractBroken, GeneratorError
from lightning_synthaug.generators.memory import out_of_memory
from lightning_synthaug.generators.torch_program import load_program
from lightning_synthaug.generators.torch_weights import fit_weights, read_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

__all__ = ["call_network", "check_device", "import_object", "load_network", "own_randomness"]


def load_network(
    weights: Path,
    *,
    module: nn.Module | Callable[..., nn.Module] | str | None,
    module_args: Mapping[str, Any],
    device: str,
    compile_mode: str | None = None,
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
        compile_mode: Mode of `torch.compile` for a module; None: it runs as it is.

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
    network = network.to(device).eval()
    return network if compile_mode is None else _compiled(network, compile_mode)


def _compiled(network: nn.Module, mode: str) -> Callable[..., Any]:
    """Have a network compiled at its first batch."""
    import torch

    compiled: Callable[..., Any] = torch.compile(network, mode=mode)
    return compiled


def call_network(network: Callable[..., Any], inputs: Sequence[Tensor], *, name: str) -> Any:
    """Run a network, and say what it was given when it fails.

    Args:
        network: What `load_network` returned.
        inputs: Latents, and perhaps classes.
        name: Name of the generator, for the message.

    Returns:
        What the network returns.

    Raises:
        GeneratorContractBroken: Its code raised an error, which stays attached as the cause (SA416).
        RuntimeError: Memory is full (`out_of_memory`); as torch raised it, so that a smaller batch
            can be tried.
    """
    try:
        return network(*inputs)
    except Exception as error:  # whatever the network's code raises
        if out_of_memory(error):
            raise
        # A program's error tells the trouble last, after its own traceback.
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or ["no message"]
        message = (
            f'The network of generator "{name}" must take what it is given.\n'
            f"  given: {' and '.join(str(list(tensor.shape)) for tensor in inputs)}\n"
            f"  got:   {type(error).__name__}: {' ... '.join(dict.fromkeys((lines[0], lines[-1])))}\n"
            "Correct `latent`, `classes` or `label_input`; `batch_size`, the first number, must be "
            "that of a program with a fixed batch."
        )
        raise GeneratorContractBroken("SA416", message) from error


def check_device(device: str) -> None:
    """Make sure that torch can use a device, before anything is read.

    Args:
        device: Torch device.

    Raises:
        ConfigError: It is unknown, or not there (SA410).
    """
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        message = (
            f"`device` must be one that torch finds here, got {device!r} "
            f"({str(error).strip().splitlines()[0]}). "
            'Use "cpu", or install a build of torch for this hardware.'
        )
        raise ConfigError("SA410", message) from error


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


@contextlib.contextmanager
def own_randomness(device: str, seed: int = 0) -> Iterator[None]:
    """Seed torch's global generators of one device and of the CPU, and leave them as they were.

    A network that draws from them all the same starts at a fixed seed, so that at least whole
    batches repeat. No other device is touched: training may run there.

    Args:
        device: Torch device whose generator is meant, besides the CPU's.
        seed: Where they start. Integer >= 0.

    Yields:
        Nothing.
    """
    import torch

    place = torch.device(device)
    generators = [torch.default_generator]
    if place.type == "cuda":
        torch.cuda.init()
        index = torch.cuda.current_device() if place.index is None else place.index
        generators.append(torch.cuda.default_generators[index])
    before = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(seed)
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)


def _make_module(
    module: nn.Module | Callable[..., nn.Module] | str, module_args: Mapping[str, Any]
) -> nn.Module:
    """Copy the module given, or make one."""
    from torch import nn

    factory = import_object(module) if isinstance(module, str) else module
    if isinstance(factory, nn.Module):
        return copy.deepcopy(factory)
    try:
        made = factory(**module_args)
    except Exception as error:  # whatever the user's code raises; it stays attached as the cause
        message = (
            f"`module` must be made by calling it with `module_args`, got {type(error).__name__} "
            f"({error}) from {module!r} with {sorted(module_args)}. "
            "Give the arguments that the network was trained with."
        )
        raise ConfigError("SA415", message) from error
    if not isinstance(made, nn.Module):
        message = (
            f"`module` must be or make a torch.nn.Module, got {type(made).__name__} from "
            f"{module!r}. "
            "Give the class itself, an instance, or a function that returns one."
        )
        raise ConfigError("SA415", message)
    return made
