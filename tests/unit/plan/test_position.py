from __future__ import annotations

import pytest

from lightning_synthaug.errors import PlanError
from lightning_synthaug.plan import Epoch


@pytest.mark.parametrize(
    ("epoch", "slots", "batches"),
    [
        (Epoch(45, 8), 45, 6),
        (Epoch(48, 8), 48, 6),
        (Epoch(45, 8, drop_last=True), 40, 5),
        (Epoch(41, 8, 4), 44, 6),  # one sample left for four ranks: padded to one each
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


def test_an_epoch_needs_a_batch() -> None:
    with pytest.raises(
        PlanError, match=r"got 5 samples for a global batch of 8 with drop_last=True.*SA109"
    ):
        Epoch(5, 8, drop_last=True)
