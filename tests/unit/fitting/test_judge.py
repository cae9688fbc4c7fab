from __future__ import annotations

import numpy as np
import torch

from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.judge import Judge


def test_it_recognises_what_it_learned_from_others() -> None:
    parts = digits_split()
    before = torch.random.get_rng_state()
    judge = Judge(fit_data(parts.partner.images, parts.partner.labels), steps=200)
    test = fit_data(parts.test.images, parts.test.labels)
    assert judge.accuracy(test.images, test.classes) > 0.9
    assert judge.accuracy(test.images, np.roll(test.classes, 1)) < 0.95
    assert judge.accuracy(test.images[::-1].copy() * 0, test.classes) < 0.2
    assert torch.equal(before, torch.random.get_rng_state())


def test_it_takes_images_of_any_size_and_colour() -> None:
    rng = np.random.default_rng(0)
    images = rng.random((12, 70, 20, 3), dtype=np.float32)
    data = fit_data(images, np.arange(12) % 2)
    assert Judge(data, steps=2).recognise(data.images).shape == (12,)
