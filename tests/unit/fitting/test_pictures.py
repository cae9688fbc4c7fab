from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.fitting.cgan import CGAN
from lightning_synthaug.fitting.pictures import Board, sample_images, tile


@pytest.fixture
def module() -> CGAN:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return CGAN(image_shape=(1, 8, 6), classes=3, latent=4, width=8)


def test_samples_are_the_same_each_time(module: CGAN) -> None:
    classes = np.arange(300) % 3
    before = torch.random.get_rng_state()
    images, same = sample_images(module, classes)
    again, _ = sample_images(module, classes[:5])
    others, _ = sample_images(module, classes[:5], first_seed=5)
    assert (images.shape, same is classes) == ((300, 1, 8, 6), True)
    assert 0 <= images.min() <= images.max() <= 1
    np.testing.assert_allclose(images[:5], again, atol=1e-6)
    assert not np.allclose(again, others)
    assert torch.equal(before, torch.random.get_rng_state())


def test_images_are_laid_out_row_by_row() -> None:
    images = np.arange(6, dtype=np.float32).repeat(3 * 4 * 5).reshape(6, 3, 4, 5) / 255
    picture = tile(images, 3)
    assert picture.shape == (8, 15, 3)
    assert tile(images[:, :2], 3).shape == (8, 15, 1)
    assert picture[0, ::5, 0].tolist() == [0, 1, 2]
    assert picture[4, ::5, 1].tolist() == [3, 4, 5]


def test_tensorboard_gets_losses_and_samples(module: CGAN, tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = Board(tmp_path)
    board.add(module, {"critic": 2.0}, 7)
    board.close()
    events = accumulator.EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in events.Scalars("critic")] == [(7, 2.0)]
    assert events.Images("samples")[0].height == 3 * 8


def test_a_missing_tensorboard_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(MissingDependency, match=r"`logs` must have .*SA832"):
        Board(tmp_path)
