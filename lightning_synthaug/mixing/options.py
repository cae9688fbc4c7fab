"""Checks of single options, so that a mistake is named where it was written down."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from lightning_synthaug.errors import ConfigError

__all__ = [
    "background_devices",
    "check_budget",
    "check_cache",
    "check_device",
    "check_ledger",
    "check_stop",
    "check_total",
    "check_weight",
    "choose_device",
    "refuse_unknown",
]

_BUDGET = ("samples", "hours", "money")
#: Bytes of a file's name that all usual file systems take.
_LONGEST = 255
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def refuse_unknown(names: Collection[str], *, known: Collection[str]) -> None:
    """Refuse names that are no options.

    Args:
        names: Names given.
        known: Names of all options.

    Raises:
        ConfigError: One of them is unknown; the nearest option is named (SA114).

    Example:
        >>> refuse_unknown({"pool": 5}, known=["pool", "reuse"])
    """
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            repair = (
                f"Did you mean `{near[0]}`?" if near else f"The options are {', '.join(known)}."
            )
            raise ConfigError(
                "SA114", f"`{name}` must be one of the options, got an unknown name. {repair}"
            )


def check_device(device: object, *, several: bool = False) -> None:
    """Refuse what torch does not know as a device; whether it is there is asked when it is used.

    Args:
        device: `"auto"`, the name of a torch device, or a list of names.
        several: Whether a list may name more than one: each with a process of its own.

    Raises:
        ConfigError: It is none of them (SA114).
    """
    if device == "auto":
        return
    names = device if isinstance(device, (list, tuple)) else [device]
    try:
        for name in names:
            if not isinstance(name, str):
                raise TypeError
            torch.device(name)
        if not names or (len(names) > 1 and not several):
            raise ValueError
    except (RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            "SA114",
            f"`device` must be 'auto' or the name of a torch device, got {device!r}. Write for example 'cpu', "
            "'cuda' or 'cuda:1'; only fill=\"background\" takes a list of several.",
        ) from error


def check_cache(cache: object) -> None:
    """Refuse what is no folder's name.

    Args:
        cache: A path, or None.

    Raises:
        ConfigError: It is neither, an address, or no name that the file system takes (SA114).
    """
    if cache is None or (_is_local(cache) and _is_name(cache)):
        return
    raise ConfigError(
        "SA114",
        f"`cache` must be the path of a local folder or None, got {cache!r}. Write for example cache='runs/cache'.",
    )


def check_ledger(name: str, ledger: object) -> None:
    """Refuse what names no folder.

    Args:
        name: The option: `"ledger"`, which may say whether there is one, or `"replay"`.
        ledger: Its value.

    Raises:
        ConfigError: It is neither, or an address (SA114).
    """
    may_be_bool = name == "ledger"
    if ledger is None or (may_be_bool and isinstance(ledger, bool)) or _is_local(ledger):
        return
    raise ConfigError(
        "SA114",
        f"`{name}` must be the path of a local folder{', True' if may_be_bool else ''} or None, got {ledger!r}. Write "
        f"for example {name}='runs/1/ledger'.",
    )


def check_stop(on_collapse: str, on_miss: str) -> None:
    """Refuse to wait for what is made no more.

    Args:
        on_collapse: What happens when a generator collapses.
        on_miss: What happens where a sample is missing.

    Raises:
        ConfigError: Nothing is made any more, and no real sample may stand in (SA670).
    """
    if on_collapse == "stop" and on_miss != "real":
        raise ConfigError(
            "SA670",
            f'`on_collapse="stop"` must come with `on_miss="real"`, got on_miss={on_miss!r}: what is '
            'stopped makes no more of what batches then lack. Let real samples stand in, or use on_collapse="lower".',
        )


def check_weight(name: str, value: object) -> None:
    """Refuse what is no finite number >= 0.

    Args:
        name: The option.
        value: Its value.

    Raises:
        ConfigError: It is none (SA114).
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value < math.inf:  # type: ignore[operator]  # a number by now
        raise ConfigError("SA114", f"`{name}` must be a number >= 0, got {value!r}. Use 1.0.")


def check_budget(budget: object, prices: Collection[float]) -> None:
    """Refuse what is no budget.

    Args:
        budget: Positive numbers under `"samples"`, `"hours"` or `"money"`; or None.
        prices: What a request costs with each generator.

    Raises:
        ConfigError: It is none, or nothing has a price (SA114).
    """
    if budget is None:
        return
    fits = isinstance(budget, Mapping) and set(budget) <= set(_BUDGET)
    if not fits or not all(_is_positive(value) for value in budget.values()):  # type: ignore[attr-defined]
        raise ConfigError(
            "SA114",
            f"`budget` must give positive numbers under {', '.join(map(repr, _BUDGET))}, got {budget!r}. Write for "
            'example budget={"samples": 10_000}.',
        )
    if "money" in budget and not any(prices):  # type: ignore[operator]
        raise ConfigError(
            "SA114",
            f'`budget` must leave "money" out where no generator has a price, got {budget!r}. Set the attribute '
            "`price` of the generator: what a request costs.",
        )


def _is_local(path: object) -> bool:
    """Tell whether this is a path, and no address."""
    return isinstance(path, (str, os.PathLike)) and not _URL.match(str(os.fspath(path)))


def _is_name(path: Any) -> bool:
    """Tell whether a file system takes this as a path, whether it is there or not."""
    parts = Path(os.fsdecode(path)).parts
    return all("\0" not in part and len(os.fsencode(part)) <= _LONGEST for part in parts)


def _is_positive(value: object) -> bool:
    """Tell whether this is a finite number above 0."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and 0 < value < math.inf  # type: ignore[operator]  # a number by now


def check_total(total_batches: object) -> None:
    """Refuse what is no length of a run.

    Args:
        total_batches: A whole number >= 1, or None.

    Raises:
        ConfigError: It is neither (SA114).
    """
    whole = isinstance(total_batches, int) and not isinstance(total_batches, bool)
    if total_batches is not None and (not whole or total_batches < 1):  # type: ignore[operator]
        raise ConfigError(
            "SA114",
            f"`total_batches` must be a whole number >= 1 or None, got {total_batches!r}. Give the batches of the "
            "whole run: epochs * len(loader).",
        )


def choose_device(device: str | Sequence[str]) -> str:
    """Choose where to generate.

    Args:
        device: `"auto"`, a torch device, or a list of one.

    Returns:
        A torch device that is there.

    Raises:
        ConfigError: It is a CUDA device, and torch finds none (SA114).
    """
    there = torch.cuda.is_available()
    if device == "auto":
        return "cuda" if there else "cpu"
    if not isinstance(device, str):
        return choose_device(device[0])
    if device.startswith("cuda") and not there:
        raise ConfigError(
            "SA114",
            f"`device` must be there, got {device!r} on a machine where torch finds no CUDA. Use 'auto' or 'cpu'.",
        )
    return device


def background_devices(device: str | Sequence[str], *, ranks: int) -> list[str]:
    """Choose where processes beside training generate.

    Args:
        device: `"auto"`, a torch device, or a list of several.
        ranks: Processes that train on this machine; where there are several, the first devices are theirs.

    Returns:
        A device for each process: those named, else a GPU that nobody trains on, else the CPU.

    Raises:
        ConfigError: A CUDA device is named, and torch finds none (SA114).
    """
    if device != "auto":
        return [choose_device(name) for name in ([device] if isinstance(device, str) else device)]
    taken = set(range(ranks)) if ranks > 1 else set()
    if torch.cuda.is_initialized():
        taken.add(torch.cuda.current_device())
    free = [i for i in range(torch.cuda.device_count()) if i not in taken]
    return [f"cuda:{free[0]}" if free else "cpu"]
