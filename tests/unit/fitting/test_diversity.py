from __future__ import annotations

import numpy as np

from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.diversity import Diversity

PARTS = digits_split()
REAL = fit_data(PARTS.partner.images, PARTS.partner.labels)
OTHER = fit_data(PARTS.test.images, PARTS.test.labels)


def alike() -> tuple[np.ndarray, np.ndarray]:
    first = [np.flatnonzero(OTHER.classes == c)[0] for c in range(10)]
    classes = np.arange(512) % 10
    return OTHER.images[first][classes], classes


def test_other_real_images_differ_and_copies_of_a_few_do_not() -> None:
    diversity = Diversity(REAL)
    assert len(diversity.labels) == 512
    assert diversity.look(OTHER.images[:512], OTHER.classes[:512])
    assert not diversity.never
    assert not diversity.look(*alike())
    assert not diversity.collapsed, "once may be chance"
    assert not diversity.look(*alike())
    assert diversity.collapsed


def test_a_beginning_that_is_all_alike_is_no_collapse() -> None:
    diversity = Diversity(REAL)
    for _ in range(3):
        diversity.look(*alike())
    assert not diversity.collapsed
    assert diversity.never
    again = Diversity(REAL)
    again.restore(diversity.state())
    assert again.never
    again.look(OTHER.images[:512], OTHER.classes[:512])
    assert not again.never
