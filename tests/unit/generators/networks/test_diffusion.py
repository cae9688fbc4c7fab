from __future__ import annotations

import sys
from typing import Any

import pytest
import torch

from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.generators.networks.diffusion import DiffusionSampler, noise_schedule


def sampler(shape: tuple[int, int, int], **arguments: Any) -> DiffusionSampler:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return DiffusionSampler(
            image_shape=shape, classes=3, width=8, **{"steps": 2, **arguments}
        ).eval()


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 8, 8), (1, 28, 28), (3, 33, 47)])
def test_it_fits_every_shape(shape: tuple[int, int, int]) -> None:
    with torch.inference_mode():
        images = sampler(shape)(torch.zeros(2, *shape), torch.eye(3)[:2])
    assert images.shape == (2, *shape)
    assert float(images.abs().max()) <= 1


@pytest.mark.parametrize("kind", ["dpm", "ddim"])
def test_a_sample_depends_on_its_noise_and_class_alone(kind: str) -> None:
    network = sampler((1, 8, 8), sampler=kind, steps=4)
    noise = torch.randn(3, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    before = torch.random.get_rng_state()
    with torch.inference_mode():
        whole = network(noise, torch.eye(3))
        alone = network(noise[1:2], torch.eye(3)[1:2])
        other = network(noise[1:2], torch.eye(3)[2:])
    assert torch.allclose(whole[1:2], alone, atol=1e-5)
    assert not torch.allclose(alone, other)
    assert torch.equal(before, torch.random.get_rng_state())


def test_guidance_goes_further_from_what_has_no_class() -> None:
    noise = torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    index, time = torch.tensor([1]), torch.tensor(500)
    with torch.inference_mode():
        of_class = sampler((1, 8, 8)).velocity(noise, time, index)
        of_any = sampler((1, 8, 8)).velocity(noise, time, torch.tensor([3]))
        guided = sampler((1, 8, 8), guidance=3.0)._guided(noise, time, index)
        plain = sampler((1, 8, 8), guidance=1.0)._guided(noise, time, index)
    assert torch.allclose(guided, of_any + 3 * (of_class - of_any), atol=1e-5)
    assert torch.equal(plain, of_class)


def test_both_samplers_have_the_same_noise() -> None:
    assert torch.equal(noise_schedule("dpm").alphas_cumprod, noise_schedule("ddim").alphas_cumprod)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(MissingDependency, match=r"`diffusers`.*\[diffusion\].*SA832"):
        noise_schedule("dpm")
