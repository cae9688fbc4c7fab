from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan import Epoch


@pytest.mark.parametrize(
    ("epoch", "slots", "batches"),
    [
        (Epoch(45, 8), 45, 6),
        (Epoch(48, 8), 48, 6),
        (Epoch(45, 8, drop_last=True), 40, 5),
        (Epoch(41, 8, 4), 41, 6),  # one sample left for four ranks: they share it
        (Epoch(45, 8, 4), 45, 6),
        (Epoch(5, 8), 5, 1),
    ],
)
def test_epochs_have_the_slots_of_a_distributed_loader(
    epoch: Epoch, slots: int, batches: int
) -> None:
    assert (epoch.slots, epoch.batches) == (slots, batches)
    assert epoch.slot(batches) == slots
    assert epoch.slot(3 * batches + 1) == 3 * slots + min(slots, epoch.batch_size)


def test_a_world_must_divide_the_batch() -> None:
    with pytest.raises(
        PlanError, match=r"got 8 slots for 3 ranks\. Use a global batch of 6 or 9\..*SA108"
    ):
        Epoch(45, 8, 3)


def test_a_world_too_large_is_told_the_one_size_that_is_nearest() -> None:
    with pytest.raises(
        PlanError, match=r"got 2 slots for 4 ranks\. Use a global batch of 4\..*SA108"
    ):
        Epoch(100, 2, 4)


def test_all_worlds_have_the_same_positions() -> None:
    one, four = Epoch(41, 8), Epoch(41, 8, 4)
    assert [one.slot(b) for b in range(40)] == [four.slot(b) for b in range(40)]


def test_drop_last_counts_global_batches() -> None:
    """Unlike DistributedSampler, which pads its shares first: it would give three batches of 2 a rank."""
    assert Epoch(11, 4, 2, drop_last=True).batches == 2


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((10, 0), "batch_size"),
        ((10, -4), "batch_size"),
        ((10, 2.5), "batch_size"),
        ((10, 4, 0), "world"),
        ((-5, 4), "samples"),
        ((10, 4, 1, False, -1), "extra"),
        (("10", 4), "samples"),
    ],
)
def test_sizes_must_be_whole_numbers_in_range(arguments: Any, name: str) -> None:
    with pytest.raises(PlanError, match=rf"`{name}` must be a whole number >= .*SA108"):
        Epoch(*arguments)


def test_numpys_integers_are_taken() -> None:
    epoch = Epoch(np.int64(45), np.int32(8))  # type: ignore[arg-type]
    assert epoch == Epoch(45, 8)
    assert type(epoch.samples) is int


def test_added_slots_must_divide_among_the_ranks() -> None:
    with pytest.raises(PlanError, match=r"`extra` must divide among the ranks, got 3 slots.*SA108"):
        Epoch(45, 8, 4, extra=3)


@pytest.mark.parametrize(
    "epoch", [Epoch(45, 8), Epoch(45, 8, 2, drop_last=True), Epoch(45, 8, 4, extra=4)]
)
def test_shapes_survive_a_checkpoint(epoch: Epoch) -> None:
    assert Epoch.of_shape(json.loads(json.dumps(epoch.shape()))) == epoch


@pytest.mark.parametrize(
    "shape",
    [
        None,
        "epoch",
        [45, 8, 1, False],
        [45, 8, 1, 0, 0],
        [45.0, 8, 1, False, 0],
        [True, 8, 1, False, 0],
        [45, 0, 1, False, 0],
        [45, 8, 3, False, 0],
        [45, 8, 1, False, -1],
        [5, 8, 1, True, 0],
        [45, 8, 2, False, 3],
    ],
)
def test_other_shapes_are_refused(shape: object) -> None:
    assert Epoch.of_shape(shape) is None


def test_an_epoch_needs_a_batch() -> None:
    with pytest.raises(
        PlanError, match=r"got 5 samples for a global batch of 8 with drop_last=True.*SA109"
    ):
        Epoch(5, 8, drop_last=True)
