from __future__ import annotations

import torch
from torch import nn

from lightning_synthaug.fitting.cgan import CGAN
from lightning_synthaug.fitting.cvae import CVAE
from lightning_synthaug.fitting.module import draw


def small() -> CVAE:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return CVAE(image_shape=(1, 8, 8), classes=2, latent=2, width=16, total_steps=100)


def test_the_average_forgets_first_weights_and_keeps_whole_numbers() -> None:
    network = nn.BatchNorm1d(1)
    with torch.no_grad():
        network.weight.fill_(100.0)
    average = small().average_over(network)
    with torch.no_grad():
        network.weight.fill_(1.0)
    network.num_batches_tracked.fill_(7)
    for _ in range(300):
        average.update_parameters(network)
    assert abs(float(average.module.weight) - 1.0) < 0.01
    assert int(average.module.num_batches_tracked) == 7
    assert not average.module.weight.requires_grad
    assert not average.training


def test_images_are_brought_into_the_range_of_the_networks() -> None:
    images = torch.tensor([0.0, 0.5, 1.0])
    assert small().scaled(images).tolist() == [0.0, 0.5, 1.0]
    assert CGAN(image_shape=(1, 8, 8), classes=2).scaled(images).tolist() == [-1.0, 0.0, 1.0]


def test_noise_with_a_seed_is_the_same_and_touches_nothing() -> None:
    before = torch.random.get_rng_state()
    assert torch.equal(draw((2, 3), torch.zeros(1), 5), draw((2, 3), torch.zeros(1), 5))
    assert torch.equal(before, torch.random.get_rng_state())
