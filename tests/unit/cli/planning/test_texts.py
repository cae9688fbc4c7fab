from __future__ import annotations

import pytest

from lightning_synthaug.cli.planning.texts import RATIO_HELP, parse_ratio, parse_weights
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import (
    Constant,
    Cosine,
    Exponential,
    Linear,
    Piecewise,
    Schedule,
    Sigmoid,
    Steps,
)


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("0.3", Constant(0.3)),
        (" 1 ", Constant(1.0)),
        ("linear:0:0.5", Linear(0.0, 0.5)),
        ("Linear:0.5:0:40%", Linear(0.5, 0.0, over="40%")),
        ("linear:0:0.5:5ep:200ba", Linear(0.0, 0.5, over="5ep", begin="200ba")),
        ("cosine:0:1", Cosine(0.0, 1.0)),
        ("sigmoid:0:1:50%", Sigmoid(0.0, 1.0, over="50%")),
        ("exponential:0:1:3ep", Exponential(0.0, 1.0, over="3ep")),
        ("steps:0%=0.1,50%=0.4", Steps([("0%", 0.1), ("50%", 0.4)])),
        ("piecewise:0%=0, 100%=1", Piecewise([("0%", 0.0), ("100%", 1.0)])),
    ],
)
def test_a_ratio_is_read(text: str, schedule: Schedule) -> None:
    assert parse_ratio(text) == schedule


@pytest.mark.parametrize(
    "text",
    [
        "",
        "half",
        "linear",
        "linear:0",
        "linear:0:x",
        "linear:0:1:5ep:0%:2",
        "square:0:1",
        "steps:5ep",
    ],
)
def test_what_is_no_ratio_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"`--ratio` must be a number or a schedule.*SA803"):
        parse_ratio(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [("30", "SA101"), ("nan", "SA101"), ("linear:0:0.5:3h", "SA104"), ("linear:0:1:0%", "SA105")],
)
def test_what_no_schedule_may_say_keeps_its_own_code(text: str, code: str) -> None:
    with pytest.raises(ConfigError, match=rf"`--ratio( {text})?`.*{code}"):
        parse_ratio(text)


def test_sources_cannot_take_the_name_of_the_dataset() -> None:
    with pytest.raises(ConfigError, match=r"other names than 'real'.*SA804"):
        parse_weights("real=1,gan=1")


def test_the_help_shows_only_what_can_be_read() -> None:
    shown = RATIO_HELP.replace("%%", "%")
    for example in ("0.3", "linear:0:0.5:40%", "steps:0%=0.1,50%=0.4"):
        assert example in shown
        parse_ratio(example)


def test_weights_keep_their_order() -> None:
    assert list(parse_weights("b=1, a=2.5").items()) == [("b", 1.0), ("a", 2.5)]


@pytest.mark.parametrize("text", ["", "a", "a=", "=1", "a=1,b", "a=x", "a=1,a=2"])
def test_what_are_no_weights_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"`--weights` must give each source one number.*SA804"):
        parse_weights(text)
