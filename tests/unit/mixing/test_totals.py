from __future__ import annotations

import numpy as np
import torch

from lightning_synthaug.mixing.totals import Totals


def test_mean_losses_carry_the_names_of_sources() -> None:
    totals = Totals(["a", "b"])
    assert totals.mean_losses() == {}
    totals.losses.add(torch.tensor([1.0, 3.0, 5.0]), np.array([0, 2, 2]))
    assert totals.mean_losses() == {"loss/real": 1.0, "loss/b": 4.0}
    assert totals.mean_losses() == {}
