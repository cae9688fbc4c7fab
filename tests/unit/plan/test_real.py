from __future__ import annotations

import numpy as np

from lightning_synthaug.plan import Breakpoint, Epoch, Knots, OrderedStream, child_seed
from lightning_synthaug.plan.real import RealStreams, real_streams
from lightning_synthaug.plan.stretches import Stretch
from tests.laws.strategies import FewSamples

HALF = Knots([Breakpoint(0, 0.5, 0.5)])


def streams(epoch: Epoch, **options: object) -> RealStreams:
    given = {"seed": 1, "batch": 0, "shuffle": True, "order": None} | options
    return real_streams([Stretch(0, HALF, epoch)], HALF, **given)  # type: ignore[arg-type]


def test_each_part_of_a_run_has_keys_of_its_own() -> None:
    first, later = streams(Epoch(45, 8)), streams(Epoch(45, 8), batch=7)
    assert sorted(first.own.take(0, 45).tolist()) == list(range(45))
    assert first.own.take(0, 45).tolist() != later.own.take(0, 45).tolist()
    assert first.own.take(0, 45).tolist() != first.again.take(0, 45).tolist()


def test_a_trimmed_epoch_is_a_pass() -> None:
    own = streams(Epoch(45, 8, drop_last=True)).own
    taken = own.take(0, 400).reshape(10, 40)
    assert all(np.unique(row).size == 40 for row in taken)
    assert np.unique(taken).size == 45


def test_the_users_order_is_followed() -> None:
    order = FewSamples(np.array([3, 5, 8]), 10)
    own, again = streams(Epoch(10, 4, extra=2), order=order)
    assert isinstance(own, OrderedStream)
    assert own.take(0, 10).tolist() == order.of_pass(child_seed(1, "real", 0), 0).tolist()
    assert set(again.take(0, 3).tolist()) == {0, 1, 2}
