"""Opening a pipeline: each part with weights that fit, in the class that does what is asked."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.torch_weights import misfit
from synthaug_diffusers.identity import parts_of

__all__ = [
    "ADVICE",
    "arguments_of",
    "denoiser_of",
    "dtype_for",
    "for_task",
    "open_part",
    "open_pipeline",
]

ADVICE: Final = "Give weights that were saved from such a network; what is missing would be random."
"""What to do about weights that do not fit."""


def open_pipeline(folder: Path, *, dtype: Any, variant: str | None) -> Any:
    """Open a pipeline on the CPU, from safetensors only and without running code of its own.

    Args:
        folder: The pipeline's folder.
        dtype: Torch dtype of the weights.
        variant: Which of several copies of the weights.

    Returns:
        A `DiffusionPipeline`.

    Raises:
        GeneratorError: It cannot be opened (SA491), or weights do not fit (SA412).
    """
    import diffusers

    parts = {}
    for name, (library, kind) in parts_of(folder).items():
        network = _class(library, kind)
        if hasattr(network, "from_pretrained") and hasattr(network, "forward"):
            parts[name] = open_part(network, folder / name, dtype=dtype, variant=variant)
    try:
        return diffusers.DiffusionPipeline.from_pretrained(
            folder, **parts, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    except Exception as error:  # whatever the pipeline's and its parts' constructors raise
        message = (
            f'`model` must be a pipeline that diffusers opens without code of its own, got "{folder}" '
            f"({type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}). "
            "Update diffusers, or save the pipeline anew with pipeline.save_pretrained(folder)."
        )
        raise GeneratorError("SA491", message) from error


def open_part(network: Any, folder: Path, *, dtype: Any, variant: str | None = None) -> Any:
    """Open a network, and insist that its weights are all there.

    Args:
        network: Its class, of diffusers or transformers.
        folder: Where its configuration and weights lie.
        dtype: Torch dtype of the weights.
        variant: Which of several copies of the weights, where there are some.

    Returns:
        The network.

    Raises:
        GeneratorError: The weights cannot be read (SA411) or do not fit (SA412).
    """
    which = variant if variant and any(folder.glob(f"*.{variant}*")) else None
    try:
        part, told = network.from_pretrained(
            folder,
            dtype=dtype,
            variant=which,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except OSError as error:
        reason = str(error).strip().partition("\n")[0]
        message = (
            f'The weights of {network.__name__} must be readable safetensors, got "{folder}" ({reason}). '
            "Pickled weights are not read: convert them with save_pretrained(folder, safe_serialization=True)."
        )
        raise GeneratorError("SA411", message) from error
    except (RuntimeError, ValueError) as error:  # how shapes that differ are told
        raise misfit(
            network.__name__,
            folder,
            (),
            (),
            [str(error).strip().partition("\n")[0]],
            advice=ADVICE,
        ) from error
    missing, unexpected = told["missing_keys"], told["unexpected_keys"]
    reshaped = [str(found) for found in told["mismatched_keys"]]
    if missing or unexpected or reshaped:
        raise misfit(network.__name__, folder, missing, unexpected, reshaped, advice=ADVICE)
    return part


def for_task(pipeline: Any, task: str, *, needs: Collection[str], controlnet: Any = None) -> Any:
    """Turn a pipeline into the one of its family that does a task; nothing is loaded again.

    Args:
        pipeline: The pipeline that was opened.
        task: Class of diffusers that knows the families, such as `"AutoPipelineForImage2Image"`.
        needs: Arguments that its call must take.
        controlnet: A ControlNet that takes part, or None.

    Returns:
        The pipeline itself where diffusers knows no other, and it takes what is needed.

    Raises:
        ConfigError: There is none (SA492).
    """
    import diffusers

    extra = {} if controlnet is None else {"controlnet": controlnet}
    try:
        made = getattr(diffusers, task).from_pipe(pipeline, **extra)
    except ValueError as error:
        made, reason = pipeline, f"; {error}" if extra else ""
        lacking = sorted([*extra, *(set(needs) - arguments_of(pipeline))])
    else:
        reason, lacking = "", sorted(set(needs) - arguments_of(made))
    if lacking:
        message = (
            f"The pipeline must be able to do what is asked of it, got {type(made).__name__}, which takes no "
            f"{lacking}{reason}. Leave the argument out, or name a pipeline that takes it: `model=`."
        )
        raise ConfigError("SA492", message)
    return made


def arguments_of(pipeline: Any) -> set[str]:
    """List what the call of a pipeline takes.

    Args:
        pipeline: The pipeline.

    Returns:
        Names.
    """
    return set(inspect.signature(type(pipeline).__call__).parameters)


def denoiser_of(pipeline: Any) -> Any:
    """Return the network that takes the noise out.

    Args:
        pipeline: The pipeline.
    """
    return getattr(pipeline, "unet", None) or pipeline.transformer


def dtype_for(precision: str, device: str) -> Any:
    """Choose the dtype of weights.

    Args:
        precision: Name of a torch dtype, or `"auto"`: half precision on CUDA only.
        device: Torch device.

    Returns:
        The dtype.
    """
    import torch

    if precision != "auto":
        return getattr(torch, precision)
    if torch.device(device).type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _class(library: str, kind: str) -> Any:
    """Find the class of a part where diffusers looks for it; None where it does not come from a library."""
    import diffusers

    home = getattr(diffusers.pipelines, library, None)
    if home is None and library in ("diffusers", "transformers"):
        home = importlib.import_module(library)
    return getattr(home, kind, None)
