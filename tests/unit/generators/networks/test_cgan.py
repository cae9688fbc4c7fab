from __future__ import annotations

import pytest
import torch

from lightning_synthaug.generators.networks.cgan import Critic, ImageMaker


@pytest.mark.parametrize(
    "shape", [(1, 4, 4), (1, 8, 8), (1, 28, 28), (3, 33, 47), (2, 5, 90), (3, 128, 128)]
)
@pytest.mark.parametrize("spectral", [True, False])
def test_both_halves_fit_every_shape(shape: tuple[int, int, int], spectral: bool) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        maker = ImageMaker(image_shape=shape, classes=3, latent=5, width=8)
        critic = Critic(image_shape=shape, classes=3, width=8, spectral=spectral)
        images = maker(torch.randn(3, 5), torch.eye(3))
    assert images.shape == (3, *shape)
    assert float(images.detach().abs().max()) <= 1
    scores = critic(images, torch.eye(3))
    assert scores.shape == (3,)
    scores.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in maker.parameters())


def test_the_class_goes_into_both_halves() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        maker = ImageMaker(image_shape=(1, 8, 8), classes=2, latent=3, width=8).eval()
        critic = Critic(image_shape=(1, 8, 8), classes=2, width=8).eval()
        images = torch.rand(1, 1, 8, 8).repeat(2, 1, 1, 1)
    assert not torch.equal(*maker(torch.zeros(2, 3), torch.eye(2)))
    one, other = critic(images, torch.eye(2))
    assert one != other


def test_no_spread_makes_one_image_a_class() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        maker = ImageMaker(image_shape=(1, 8, 8), classes=2, latent=3, width=8, spread=0.0).eval()
        one, other = maker(torch.randn(2, 3), torch.eye(2)[:1].repeat(2, 1))
    assert torch.equal(one, other)
