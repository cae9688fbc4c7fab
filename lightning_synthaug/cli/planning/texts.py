"""Schedules and weights as a user types them on a command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan import (
    Cosine,
    Exponential,
    Linear,
    Piecewise,
    Schedule,
    Sigmoid,
    Steps,
    as_schedule,
)

__all__ = ["RATIO_HELP", "parse_ratio", "parse_weights", "typed"]

RATIO_HELP = """\
synthetic share of the batches, one of:
  0.3                                  constant
  linear:START:END[:OVER[:BEGIN]]      for example linear:0:0.5:40%%
  cosine:..., sigmoid:..., exponential:...   the same with another shape
  steps:TIME=RATIO,...                 for example steps:0%%=0.1,50%%=0.4
  piecewise:TIME=RATIO,...             straight lines between the points
times: 40%% (of the run), 5ep (epochs), 2000ba (batches)"""
"""Help text of `--ratio`, percent signs doubled for argparse."""

_RAMPS: dict[str, Callable[..., Schedule]] = {
    "linear": Linear,
    "cosine": Cosine,
    "sigmoid": Sigmoid,
    "exponential": Exponential,
}
_STAGES: dict[str, Callable[..., Schedule]] = {"steps": Steps, "piecewise": Piecewise}


def parse_ratio(text: str) -> Schedule:
    """Read a schedule.

    Args:
        text: A number, or a shape and its numbers, for example `"linear:0:0.5:40%"`.

    Returns:
        The schedule.

    Raises:
        ConfigError: It cannot be read (SA803), or says what no schedule may (SA101, SA104, SA105).

    Example:
        >>> parse_ratio("linear:0:0.5:40%")
        Linear(start=0.0, end=0.5, over='40%', begin='0%')
        >>> parse_ratio("0.3")
        Constant(value=0.3)
    """
    shape, _, rest = text.strip().partition(":")
    shape = shape.lower()
    if not rest:
        return as_schedule(_number(shape, text), argument="--ratio")
    fields = rest.split(":")
    with typed("--ratio", text):
        if shape in _RAMPS and 2 <= len(fields) <= 4:
            return _RAMPS[shape](_number(fields[0], text), _number(fields[1], text), *fields[2:])
        if shape not in _STAGES:
            raise _unreadable(text)
        stages = [stage.partition("=") for stage in rest.split(",")]
        return _STAGES[shape]([(time.strip(), _number(ratio, text)) for time, _, ratio in stages])


@contextmanager
def typed(option: str, text: str) -> Iterator[None]:
    """Put what was typed before an error about a part of it: nobody typed the parts' Python names.

    Args:
        option: The option, for example `"--ratio"`.
        text: What was typed after it.

    Yields:
        Nothing.

    Raises:
        ConfigError: The one raised inside, with the option in front.
    """
    try:
        yield
    except ConfigError as error:
        if option in error.message:
            raise
        raise ConfigError(error.code, f"In `{option} {text}`: {error.message}") from error


def parse_weights(text: str) -> dict[str, float]:
    """Read the weights of several sources.

    Args:
        text: For example `"para=3,back=1"`.

    Returns:
        Weights by name, in the order given.

    Raises:
        ConfigError: It cannot be read, names a source twice, or calls one "real" (SA804).

    Example:
        >>> parse_weights("para=3,back=1")
        {'para': 3.0, 'back': 1.0}
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (field.strip() for field in part.partition("="))
        if not name or not _is_number(value) or name in weights:
            raise ConfigError(
                "SA804",
                f"`--weights` must give each source one number, got {part.strip()!r} in {text!r}. "
                "Write --weights para=3,back=1.",
            )
        if name == "real":
            raise ConfigError(
                "SA804",
                f"`--weights` must give sources other names than 'real', got {text!r}: the dataset's own rows are "
                "called so. Name synthetic sources only; the share of real samples follows from --ratio.",
            )
        weights[name] = float(value)
    return weights


def _number(text: str, whole: str) -> float:
    """Read a number that is part of a ratio."""
    if not _is_number(text):
        raise _unreadable(whole)
    return float(text)


def _is_number(text: str) -> bool:
    """Tell whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unreadable(text: str) -> ConfigError:
    """Make the error for a ratio that cannot be read."""
    return ConfigError(
        "SA803",
        f"`--ratio` must be a number or a schedule, got {text!r}. Write for example --ratio 0.3, "
        "--ratio linear:0:0.5:40% or --ratio steps:0%=0.1,50%=0.4.",
    )
