from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.errors import PlanError
from lightning_synthaug.mixing import CountedProgress


def test_counts_what_is_handed_over() -> None:
    progress = CountedProgress(100)
    assert (progress.done(), progress.total(6), progress.coming(6)) == (0, 100, 6)
    progress.delivered(0)
    progress.delivered(1)
    assert progress.state_dict() == {"batches": 2}
    assert progress.coming(6) == 6  # a loop that stopped early begins a whole pass


def test_an_epoch_is_as_long_as_the_loader() -> None:
    assert CountedProgress().epoch(6) == 6
    assert CountedProgress().epoch(None) is None


@pytest.mark.parametrize(("done", "first"), [(8, 4), (6, 6), (0, 6)])
def test_the_first_pass_after_a_resume_is_the_rest_of_the_epoch(done: int, first: int) -> None:
    progress = CountedProgress()
    progress.load_state_dict({"batches": done})
    assert progress.done() == done
    assert [progress.coming(6), progress.coming(6)] == [first, 6]
    assert progress.total(6) is None


@pytest.mark.parametrize(
    "state", [None, {}, {"batches": -1}, {"batches": "3"}, {"batches": True}, 3]
)
def test_other_states_are_refused(state: Any) -> None:
    with pytest.raises(PlanError, match=r"must hold its batches.*SA110"):
        CountedProgress().load_state_dict(state)


def test_a_pass_goes_on_right_after_a_state_that_says_so() -> None:
    progress = CountedProgress()
    assert (progress.within(6), progress.amid()) == (False, False)
    progress.load_state_dict({"batches": 2})
    assert progress.resumed
    assert [progress.within(6), progress.within(6)] == [True, False]
    progress.load_state_dict({"batches": 2, "within": False})
    assert not progress.within(6)
