"""How far training goes while samples are made."""

from __future__ import annotations

from lightning_synthaug.mixing.pace import Pace


def test_the_first_samples_tell_nothing_since_loading_is_in_their_time() -> None:
    pace = Pace()
    pace.heard(5000, 10)
    assert pace.until(10) is None
    pace.heard(5040, 20)
    assert pace.until(10) == 30  # two each, half of it to spare


def test_samples_that_come_while_training_stands_still_count_with_the_next_ones() -> None:
    pace = Pace()
    pace.heard(0, 8)
    for _ in range(3):
        pace.heard(0, 8)
    assert pace.until(1) is None
    pace.heard(64, 8)
    assert pace.until(32) == 96


def test_a_rest_is_not_counted_and_old_words_are_forgotten() -> None:
    pace = Pace()
    for position in range(0, 101, 10):
        pace.heard(position, 10)
    pace.idle()
    pace.heard(10**6, 10)
    assert pace.until(100) == 150
    for step in range(1, 6):
        pace.heard(10**6 + 40 * step, 10)
    assert pace.until(100) == 600
