from __future__ import annotations

import pytest

from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.plan import (
    Epoch,
    RatioChange,
    Reshape,
    SourceChange,
    events_from_state,
    events_to_state,
)


def test_events_survive_a_checkpoint() -> None:
    events = (
        RatioChange(3, 0.25),
        Reshape(7, Epoch(50, 8, 2, True)),
        RatioChange(7, 0.0),
        SourceChange(9, 40, 1, 0.5),
    )
    state = events_to_state(events)
    plain = {type(v) for row in state for v in row}
    assert plain <= {str, int, float, bool}
    assert events_from_state(state) == events
    assert events_from_state([]) == ()


@pytest.mark.parametrize(
    "state",
    [
        None,
        "ratio",
        [["ratio", 3]],
        [["ratio", 3, 1.5]],
        [["ratio", -1, 0.5]],
        [["ratio", "3", 0.5]],
        [["epoch", 3, 50, 0, 1, False]],
        [["unknown", 3, 0.5]],
        [["ratio", True, 0.5]],
        [["source", 3, 10, 0, 1.5]],
        [["source", 3, -1, 0, 0.5]],
        [["source", 3, 10, True, 0.5]],
        [["source", 3, 10, 0, False]],
        [["source", 3, 10, 0]],
        [["ratio", 3, True]],
        [["epoch", True, 50, 8, 2, True, 0]],
        [["ratio", 5, 0.1], ["ratio", 3, 0.2]],
        [RatioChange(3, 0.5)],
    ],
)
def test_anything_else_in_a_checkpoint_is_refused(state: object) -> None:
    with pytest.raises(PlanError, match=r"list of events in order.*SA110"):
        events_from_state(state)


def test_a_share_must_be_one() -> None:
    with pytest.raises(ConfigError, match=r"`share` must be a ratio in \[0, 1\], got 1.5.*SA101"):
        SourceChange(2, 10, 0, 1.5)


def test_a_new_ratio_must_be_one() -> None:
    with pytest.raises(ConfigError, match=r"`ratio` must be a ratio in \[0, 1\], got 7.0.*SA101"):
        RatioChange(2, 7.0)
