from __future__ import annotations

import numpy as np

from lightning_synthaug.filling.identity import join, split


def test_what_was_joined_comes_apart_again() -> None:
    groups = np.array([0, 1, 2**22])
    numbers = np.array([2**39, 0, 7])
    identities = join(groups, numbers)
    assert (identities >= 0).all()
    assert [a.tolist() for a in split(identities)] == [groups.tolist(), numbers.tolist()]


def test_groups_do_not_run_into_each_other() -> None:
    assert join(0, 2**40 - 1) < join(1, 0)
