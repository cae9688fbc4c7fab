from __future__ import annotations

import torch

from lightning_synthaug.fitting import CVAE


def test_losses_are_in_nats_an_image() -> None:
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        network = CVAE(image_shape=(1, 8, 8), classes=2, latent=3, width=16)
        images, classes = torch.rand(5, 1, 8, 8), torch.tensor([0, 1, 0, 1, 0])
        reconstruction, divergence = network.losses(images, classes)
        again, _ = network.losses(images.repeat(3, 1, 1, 1), classes.repeat(3))
    assert 30 < float(reconstruction) < 60  # 64 pixels of about log 2 each
    assert abs(float(again) - float(reconstruction)) < 5
    assert float(divergence) >= 0


def test_forward_decodes() -> None:
    with torch.random.fork_rng():
        network = CVAE(image_shape=(3, 32, 32), classes=2, latent=3, width=16)
    assert network(torch.zeros(2, 3), torch.eye(2)).shape == (2, 3, 32, 32)


def test_it_is_a_module_of_the_installed_lightning() -> None:
    assert any(kind.__name__ == "LightningModule" for kind in CVAE.__mro__)
