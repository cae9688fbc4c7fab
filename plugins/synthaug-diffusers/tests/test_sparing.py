"""What is done when memory runs out, and in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from synthaug_diffusers import DiffusersTextToImage
from synthaug_diffusers.sparing import SparingPipeline

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Request


def short_of_memory(pipeline: Any, times: int) -> list[str]:
    """Have the denoiser of a real pipeline find no memory a few times, as torch's allocators say it."""
    left = [times]

    def full(*_: Any) -> None:
        if left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    pipeline.unet.register_forward_pre_hook(full)
    done: list[str] = []
    for name in ("enable_attention_slicing", "enable_model_cpu_offload"):
        setattr(pipeline, name, _noted(getattr(pipeline, name), done))
    return done


def _noted(method: Any, done: list[str]) -> Any:
    """Have a method's calls noted."""

    def called(**arguments: Any) -> None:
        done.append(method.__name__)
        method(**arguments)

    return called


@pytest.fixture
def generator(folders: Any) -> DiffusersTextToImage:
    generator = DiffusersTextToImage(folders(), prompt="a scan", steps=2, batch_size=2)
    generator.load("cpu")
    return generator


def test_memory_is_spared_only_when_it_ran_out(
    generator: DiffusersTextToImage, labelled: list[Request]
) -> None:
    running = generator._running
    assert running is not None
    before = generator.generate(labelled)
    assert running.taken == []
    done = short_of_memory(running.pipeline, 1)
    after = generator.generate(labelled)
    assert running.taken == ["slice"]
    assert done == ["enable_attention_slicing"]
    assert running.pipeline.vae.use_slicing
    for one, other in zip(before, after, strict=True):
        assert isinstance(one, Record)
        assert isinstance(other, Record)
        pixels = [np.asarray(record["image"], np.int64) for record in (one, other)]
        assert abs(pixels[0] - pixels[1]).max() <= 1
    assert generator.generate(labelled) == after


def test_when_nothing_helps_the_error_reaches_who_filled_the_batch(
    generator: DiffusersTextToImage, labelled: list[Request]
) -> None:
    assert generator._running is not None
    short_of_memory(generator._running.pipeline, 2)
    with pytest.raises(torch.OutOfMemoryError):
        generator.generate(labelled)
    assert len(generator.generate(labelled)) == len(labelled)


@pytest.mark.parametrize("where", ["in a call", "on the way to the device"])
def test_on_an_accelerator_offloading_comes_after_slices(folders: Any, where: str) -> None:
    """The order alone: there is no accelerator here that parts could be moved to."""
    diffusers: Any = pytest.importorskip("diffusers")
    pipeline = diffusers.DiffusionPipeline.from_pretrained(folders())
    moved: list[str] = []

    def to(device: str) -> None:
        moved.append(device)
        if where == "on the way to the device":
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    def enable_model_cpu_offload(device: str) -> None:
        assert device == "cuda"

    pipeline.to, pipeline.enable_model_cpu_offload = to, enable_model_cpu_offload
    done = short_of_memory(pipeline, 2 if where == "in a call" else 0)
    running = SparingPipeline(pipeline, "cuda")
    assert len(running(lambda: {"prompt": "a scan", "num_inference_steps": 1}).images) == 1
    assert running.taken == ["slice", "offload"]
    assert done == ["enable_attention_slicing", "enable_model_cpu_offload"]
    assert moved == ["cuda"] * (1 if where == "in a call" else 2)


def test_other_errors_pass(generator: DiffusersTextToImage) -> None:
    assert generator._running is not None
    with pytest.raises(ValueError, match="Provide either `prompt`"):
        generator._running(dict)
    assert generator._running.taken == []
