from __future__ import annotations

import pytest
import torch

from lightning_synthaug.fitting.diffaugment import augment


@pytest.mark.parametrize("shape", [(6, 1, 8, 8), (5, 3, 28, 20), (4, 1, 4, 4)])
def test_images_change_each_by_itself_and_gradients_pass(shape: tuple[int, ...]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        one = torch.rand(shape[1:])
        images = one.repeat(shape[0], 1, 1, 1).requires_grad_()
        changed = augment(images)
    assert changed.shape == shape
    assert len({tuple(image.flatten().tolist()) for image in changed}) == shape[0]
    changed.sum().backward()
    assert images.grad is not None
    assert float(images.grad.abs().sum()) > 0


def test_what_was_outside_is_black_or_cut() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        from lightning_synthaug.fitting import diffaugment

        moved = diffaugment._move(torch.ones(64, 1, 16, 16))
        cut = diffaugment._cut(torch.ones(64, 1, 16, 16))
    assert set(moved.unique().tolist()) == {-1.0, 1.0}
    assert float((moved == 1).float().mean()) > 0.8, "by an eighth at most"
    assert set(cut.unique().tolist()) == {0.0, 1.0}
    assert 0.6 < float(cut.mean()) < 1.0
