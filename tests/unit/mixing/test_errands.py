"""Which real samples a producer waits for."""

from __future__ import annotations

import random

import torch

from lightning_synthaug.data import adapt
from lightning_synthaug.filling import TwinBox
from lightning_synthaug.filling.identity import join
from lightning_synthaug.mixing.errands import Errands
from tests.helpers.traced import traced_dataset


def test_each_sample_is_brought_once_and_dropped_when_its_last_request_is_settled() -> None:
    box = TwinBox.new()
    errands = Errands(box, [False, True])
    errands.ask(0, [join(7, 0)])  # of a source that needs none
    assert errands.next() is None
    errands.ask(1, [join(3, 0), join(3, 1), join(1, 0), *(join(i, 0) for i in range(10, 40))])
    first = errands.next()
    assert first is not None
    assert first.samples == [3, 1, *range(10, 24)]
    state = random.getstate(), torch.get_rng_state().tolist()
    first.run(adapt(traced_dataset(48)))
    assert (random.getstate(), torch.get_rng_state().tolist()) == state
    assert box._path(3).exists()
    errands.settle(1, [join(3, 0), join(30, 0), join(47, 9)])
    assert box._path(3).exists()
    errands.settle(1, [join(3, 1)])
    assert not box._path(3).exists()
    second = errands.next()
    assert second is not None
    assert second.samples == [i for i in range(24, 40) if i != 30]
    assert errands.next() is None
    errands.ask(1, [join(3, 2), join(1, 1)])
    third = errands.next()
    assert third is not None
    assert third.samples == [3]
    errands.begin()  # nothing but the first was brought
    again = errands.next()
    assert again is not None
    assert set(again.samples) == set(range(24, 40)) - {30} | {3}
    box.remove()


def test_without_a_box_nothing_is_asked_for() -> None:
    errands = Errands(None)
    errands.ask(0, [join(3, 0)])
    errands.settle(0, [join(3, 0)])
    assert errands.next() is None
