from __future__ import annotations

import torch

from lightning_synthaug.generators.networks.flow import FlowSampler


def flow(**sizes: int) -> FlowSampler:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FlowSampler(image_shape=(1, 4, 4), classes=2, width=16, **sizes).eval()


def test_noise_of_the_size_of_an_image_becomes_an_image() -> None:
    images = flow()(torch.zeros(3, 16), torch.eye(2)[[0, 1, 0]])
    assert images.shape == (3, 1, 4, 4)
    torch.testing.assert_close(images[0], images[2])
    assert float((images[0] - images[1]).detach().abs().max()) > 0.01


def test_more_steps_come_closer_to_the_same_image() -> None:
    latents, onehot = torch.linspace(-1, 1, 16)[None], torch.eye(2)[:1]
    with torch.no_grad():
        exact, coarse_image, fine_image = (flow(steps=n)(latents, onehot) for n in (512, 2, 16))
    coarse, fine = (float((image - exact).abs().max()) for image in (coarse_image, fine_image))
    assert fine < coarse / 16


def test_the_loss_falls_when_one_image_is_learned() -> None:
    network = flow()
    images, onehot = torch.full((32, 1, 4, 4), 0.5), torch.eye(2)[[0] * 32]
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first = network.regression_loss(images, onehot).item()
        for _ in range(60):
            optimizer.zero_grad()
            loss = network.regression_loss(images, onehot)
            loss.backward()
            optimizer.step()
    assert loss.item() < first / 2
