from __future__ import annotations

from typing import Any

import pytest
import torch

from lightning_synthaug.generators.networks.cvae import ClassDecoder, Decoder, Encoder


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


def steered(**arguments: Any) -> ClassDecoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = ClassDecoder(image_shape=(1, 8, 8), classes=2, latent=3, width=16, **arguments)
    made.means.copy_(torch.tensor([[1.0, 2, 3], [4, 5, 6]]))
    made.factors.copy_(torch.stack([2 * torch.eye(3), torch.eye(3)]))
    return made


def test_noise_is_brought_to_where_the_class_lies() -> None:
    noise = torch.tensor([[1.0, 0, 0], [1, 0, 0]])
    places = steered().place(noise, torch.eye(2))
    torch.testing.assert_close(places, torch.tensor([[3.0, 2, 3], [5, 5, 6]]))
    torch.testing.assert_close(steered(spread=0.0).place(noise, torch.eye(2)), steered().means)
    assert steered()(noise, torch.eye(2)).shape == (2, 1, 8, 8)


def test_samples_lie_between_two_latents() -> None:
    made = steered(around=[0.0, 0, 0], along=[1.0, 2, 0], spread=0.0)
    noise = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    places = made.place(noise, torch.eye(2)[:1].repeat(100, 1))
    torch.testing.assert_close(places[:, 1], 2 * places[:, 0])
    assert 0 <= float(places[:, 0].min()) < 0.1
    assert 0.9 < float(places[:, 0].max()) <= 1


def test_each_class_may_have_a_way_of_its_own() -> None:
    made = steered(along=[[1.0, 0, 0], [0, 1, 0]], spread=0.0)
    places = made.place(torch.zeros(2, 4), torch.eye(2))
    torch.testing.assert_close(places, torch.tensor([[1.5, 2, 3], [4, 5.5, 6]]))
