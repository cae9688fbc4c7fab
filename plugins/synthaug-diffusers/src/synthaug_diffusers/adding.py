"""What is added to a pipeline that is open: LoRA weights, words of textual inversion, another scheduler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.torch_weights import misfit
from synthaug_diffusers.finding import find_weights
from synthaug_diffusers.opening import ADVICE

__all__ = ["add_loras", "add_words", "set_scheduler"]


def add_loras(pipeline: Any, strengths: Mapping[str, float]) -> None:
    """Add LoRA weights.

    Args:
        pipeline: Gets them.
        strengths: Strength of each, by file, folder or hub id.

    Raises:
        GeneratorError: They belong to other networks, wholly or in part (SA412).
    """
    from safetensors import safe_open

    for number, place in enumerate(strengths):
        file = find_weights(place)
        name = f"lora{number}"
        with safe_open(file, "pt") as content:
            keys = [key for key in content.keys() if not key.endswith("alpha")]  # noqa: SIM118  it is no mapping
        try:
            pipeline.load_lora_weights(
                str(file.parent), weight_name=file.name, adapter_name=name, local_files_only=True
            )
        except Exception as error:  # whatever peft raises for layers or shapes that are not there
            reason = str(error).strip().partition("\n")[0]
            raise misfit("the pipeline as LoRA", file, (), (), [reason], advice=ADVICE) from error
        added = {
            f"{part}.{key}"
            for part, network in pipeline.components.items()
            if hasattr(network, "named_parameters")
            for key, _ in network.named_parameters()
            if f".{name}." in f"{key}."
        }
        if len(added) != len(keys):
            layers = {key.partition(".lora")[0] for key in keys}
            there = {key.partition(".lora")[0] for key in added}
            raise misfit(
                "the pipeline as LoRA", file, there - layers, layers - there, advice=ADVICE
            )
    if strengths:
        names = [f"lora{number}" for number in range(len(strengths))]
        pipeline.set_adapters(names, adapter_weights=list(strengths.values()))


def add_words(pipeline: Any, places: Mapping[str, str]) -> None:
    """Add words with embeddings of their own, as textual inversion learns them.

    Args:
        pipeline: Gets them.
        places: Embedding of each word, by file, folder or hub id.

    Raises:
        GeneratorError: An embedding has another size than the text encoder's (SA412).
    """
    for word, place in places.items():
        file = find_weights(place)
        try:
            pipeline.load_textual_inversion(
                str(file.parent), weight_name=file.name, token=word, local_files_only=True
            )
        except Exception as error:  # whatever diffusers raises for a file of another kind or size
            reason = str(error).strip().partition("\n")[0]
            raise misfit(f'the word "{word}"', file, (), (), [reason], advice=ADVICE) from error


def set_scheduler(pipeline: Any, name: str) -> None:
    """Put another scheduler into a pipeline, with the settings of the one that was there.

    Args:
        pipeline: Gets it.
        name: Class of diffusers.

    Raises:
        ConfigError: diffusers has no such scheduler (SA492).
    """
    import diffusers

    kind = getattr(diffusers, name, None)
    if not (isinstance(kind, type) and issubclass(kind, diffusers.SchedulerMixin)):
        message = (
            f"`scheduler` must be a scheduler of diffusers, got {name!r}, which it does not have. "
            'Write the name of its class: scheduler="LCMScheduler".'
        )
        raise ConfigError("SA492", message)
    pipeline.scheduler = kind.from_config(pipeline.scheduler.config)
