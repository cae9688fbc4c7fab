from __future__ import annotations

import pytest
import torch

from lightning_synthaug.generators.networks.cvae import Decoder, Encoder


@pytest.mark.parametrize(
    "shape", [(1, 8, 8), (1, 4, 4), (3, 16, 16), (1, 28, 28), (3, 32, 32), (3, 33, 47), (2, 5, 90)]
)
def test_both_halves_fit_every_shape(shape: tuple[int, int, int]) -> None:
    with torch.random.fork_rng(), torch.no_grad():
        sizes = {"image_shape": shape, "classes": 3, "latent": 5, "width": 32}
        encoder, decoder = Encoder(**sizes), Decoder(**sizes)  # type: ignore[arg-type]
        onehot = torch.eye(3)
        mean, log_variance = encoder(torch.rand(3, *shape), onehot)
        assert mean.shape == log_variance.shape == (3, 5)
        images = decoder(mean, onehot)
    assert images.shape == (3, *shape)
    assert float(images.min()) >= 0
    assert float(images.max()) <= 1
    assert all(parameter.isfinite().all() for parameter in decoder.parameters())


def test_the_class_goes_into_both_halves() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        sizes = {"image_shape": (1, 8, 8), "classes": 2, "latent": 3}
        encoder, decoder = Encoder(**sizes), Decoder(**sizes)  # type: ignore[arg-type]
    same, onehot = torch.zeros(2, 1, 8, 8), torch.eye(2)
    assert not torch.equal(*encoder(same, onehot)[0])
    assert not torch.equal(*decoder(torch.zeros(2, 3), onehot))
