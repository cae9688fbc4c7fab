"""The settings of a fit: names, defaults and ranges, the same in Python, on the command line and in a file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["KINDS", "complete_settings"]

KINDS: dict[str, dict[str, Any]] = {
    "cvae": {"latent": 16, "width": 192, "beta": 0.3, "learning_rate": 2e-3},
    "cgan": {
        "latent": 64,
        "width": 32,
        "loss": "hinge",
        "augment": True,
        "learning_rate": 2e-4,
    },
    "diffusion": {"width": 32, "learning_rate": 1e-3},
    "lm": {
        "model": None,
        "revision": None,
        "prompt": None,
        "rank": 16,
        "longest": 128,
        "dtype": "float32",
        "learning_rate": 5e-4,
        "epochs": 10,
        "batch_size": 8,
        "patience": 2,
    },
}
"""Settings that each kind has for its own, with their defaults."""

_COMMON: dict[str, Any] = {
    "epochs": None,
    "max_minutes": None,
    "batch_size": 64,
    "held_out": 0.1,
    "patience": 20,
    "seed": 0,
}
_PRIVATE: dict[str, Any] = {"epsilon": None, "delta": None, "clip": 1.0}
_STEPS = {"cvae": 4000, "cgan": 6000, "diffusion": 4000}
_LEAST = {
    "epochs": 1,
    "latent": 1,
    "width": 8,
    "batch_size": 1,
    "seed": 0,
    "patience": 1,
    "rank": 1,
    "longest": 2,
}
_POSITIVE = ("beta", "learning_rate", "max_minutes", "epsilon", "delta", "clip")
_DTYPES = ("float32", "bfloat16")
_SEEDS = 1 << 63  # torch takes no larger ones


def complete_settings(kind: str, given: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Check settings, and add the defaults of those that are not given.

    Args:
        kind: One of `KINDS`.
        given: Settings by name; None stands for the default.
        count: How many samples there are.

    Returns:
        All settings of the kind.

    Raises:
        ConfigError: The kind or a name is unknown, or a value lies outside its range (SA444).
    """
    if kind not in KINDS:
        _wrong(f"`kind` must be one of {list(KINDS)}, got {kind!r}", "Choose one")
    known = {**_COMMON, **KINDS[kind], **(_PRIVATE if kind == "cvae" else {})}
    unknown = sorted(set(given) - set(known))
    if unknown:
        _wrong(f"A setting of {kind} must be one of {sorted(known)}, got {unknown}", "Correct it")
    settings = {**known, **{key: value for key, value in given.items() if value is not None}}
    _check(settings)
    if kind == "lm" and settings["model"] is None:
        _wrong("`model` must name the language model to fit, got None", "Name a folder or a file")
    if settings["epochs"] is None:
        steps = _STEPS[kind] * settings["batch_size"] / max(1, count)
        settings["epochs"] = max(10, math.ceil(steps))
    if kind != "cvae" or settings["epsilon"] is None:
        return {key: value for key, value in settings.items() if key not in _PRIVATE}
    settings["delta"] = settings["delta"] or 1 / (10 * max(1, count))
    settings["held_out"] = 0.0  # looking at a held-out share would tell of its images
    return settings


def _check(settings: dict[str, Any]) -> None:
    """Check values against their ranges."""
    for key, value in settings.items():
        if value is not None and key in (*_LEAST, *_POSITIVE, "held_out"):
            _check_number(key, value)
    if settings["seed"] >= _SEEDS:
        _wrong(f"`seed` must lie below 2**63, got {settings['seed']!r}", "Lower it")
    if not 0 <= settings["held_out"] < 1:
        _wrong(f"`held_out` must lie in [0, 1), got {settings['held_out']!r}", "Correct it")
    if settings.get("loss", "hinge") not in ("hinge", "wgan-gp"):
        _wrong(f'`loss` must be "hinge" or "wgan-gp", got {settings["loss"]!r}', "Choose one")
    if not isinstance(settings.get("augment", True), bool):
        _wrong(f"`augment` must be true or false, got {settings['augment']!r}", "Choose one")
    if settings.get("dtype", "float32") not in _DTYPES:
        _wrong(f"`dtype` must be one of {list(_DTYPES)}, got {settings['dtype']!r}", "Choose one")
    if settings.get("delta") and not settings["delta"] < 1:
        _wrong(f"`delta` must lie below 1, got {settings['delta']!r}", "Lower it")


def _check_number(key: str, value: Any) -> None:
    """Check a number by itself."""
    whole = key in _LEAST
    if not isinstance(value, int if whole else int | float) or isinstance(value, bool):
        # YAML takes 1e-3 for text: its numbers have a dot.
        todo = "Write it as YAML does, as in 0.001" if isinstance(value, str) else "Correct it"
        _wrong(f"`{key}` must be a {'whole ' * whole}number, got {value!r}", todo)
    if whole and value < _LEAST[key]:
        _wrong(f"`{key}` must be at least {_LEAST[key]}, got {value!r}", "Raise it")
    if key in _POSITIVE and not value > 0:
        _wrong(f"`{key}` must be positive, got {value!r}", "Raise it")


def _wrong(what: str, todo: str) -> NoReturn:
    """Refuse a setting."""
    raise ConfigError("SA444", f"{what}. {todo}.")
