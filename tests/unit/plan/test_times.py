from __future__ import annotations

from fractions import Fraction

import pytest

from lightning_synthaug.errors import ConfigError, PlanError
from lightning_synthaug.plan import Clock, Time, parse_time

CLOCK = Clock(total_slots=1000, epoch_slots=45, slot_of_batch=lambda batch: 8 * batch)
ENDLESS = Clock(total_slots=None, epoch_slots=45, slot_of_batch=lambda batch: 8 * batch)


@pytest.mark.parametrize(
    ("text", "slot"),
    [("40%", 400), (" 2.5 ep ", 112), ("3ba", 24), ("0%", 0), ("100%", 1000), ("+1ep", 45)],
)
def test_times_become_positions(text: str, slot: int) -> None:
    assert parse_time(text, argument="over").slot(CLOCK) == slot


@pytest.mark.parametrize("text", ["40", "40 percent", "5e", "", "%", "1h", "nan%", "1e3ba"])
def test_unknown_units_are_refused(text: str) -> None:
    match = r"`over` must be a time with a known unit.*SA104"
    with pytest.raises(ConfigError, match=match):
        parse_time(text, argument="over")


def test_a_part_of_a_batch_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"`over` must be a whole number of batches.*2\.5ba.*SA104"
    ):
        parse_time("2.5ba", argument="over")
    assert parse_time("2.0ba", argument="over").slot(CLOCK) == 16


def test_a_length_begins_somewhere() -> None:
    short_last = Clock(
        total_slots=450, epoch_slots=45, slot_of_batch=lambda n: n // 6 * 45 + n % 6 * 8
    )
    lengths = {"40%": 180, "2ep": 90, "1ba": 8, "6ba": 45}
    for text, length in lengths.items():
        assert parse_time(text, argument="over").after(0, short_last) == length
    assert parse_time("1ba", argument="over").after(40, short_last) == 5
    assert parse_time("1ba", argument="over").after(41, short_last) == 4 + 8  # the next whole batch


def test_a_number_is_no_time() -> None:
    with pytest.raises(ConfigError, match=r"known unit, got 0.4\. Write \"40%\".*SA104"):
        parse_time(0.4, argument="over")  # type: ignore[arg-type]


def test_negative_times_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"`begin` must not be negative, got '-5%'.*SA104"):
        parse_time("-5%", argument="begin")


def test_a_share_of_a_run_without_end_is_refused() -> None:
    with pytest.raises(PlanError, match=r'got "40%" in a run without a known end.*SA106'):
        parse_time("40%", argument="over").slot(ENDLESS)


def test_the_beginning_is_known_even_without_an_end() -> None:
    assert parse_time("0%", argument="begin").slot(ENDLESS) == 0


def test_times_show_as_they_were_written() -> None:
    assert str(Time(Fraction(5, 2), "ep")) == "2.5ep"
