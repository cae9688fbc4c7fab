from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import pytest
import torch
from torch import nn

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.torch_identity import describe_module, plain


class Scaled(nn.Module):
    """A setting that its repr does not show."""

    def __init__(self, scale: float, *sizes: int) -> None:
        super().__init__()
        self.scale = scale
        self.sizes = sizes
        self.layers = nn.Linear(2, 2)

    @classmethod
    def wide(cls) -> Scaled:
        return cls(9.0)


def make() -> nn.Module:
    return Scaled(2.0)


def test_descriptions_tell_modules_apart() -> None:
    modules: list[Any] = [
        None,
        "torch.nn:Linear",
        nn.Linear,
        nn.Linear(2, 2),
        nn.Linear(2, 3),
        nn.Sequential(nn.Linear(2, 2)),
        Scaled,
        Scaled.wide,
        make,
        Scaled(1.0),
        Scaled(2.0),
        Scaled(2.0, 3),
        nn.Sequential(Scaled(1.0)),
        nn.Sequential(Scaled(2.0)),
        functools.partial(Scaled),
        functools.partial(Scaled, 1.0),
        functools.partial(Scaled, 2.0),
        functools.partial(Scaled, scale=2.0),
        functools.partial(functools.partial(Scaled, 2.0), 3),
    ]
    described = list(map(describe_module, modules))
    assert len(set(described)) == len(modules)
    assert described[2] == "torch.nn.modules.linear:Linear"
    assert describe_module(Scaled(2.0, 3)) == describe_module(Scaled(2.0, 3).eval())


class Called:
    """Makes a module, and has no name."""

    def __call__(self) -> nn.Module:
        return Scaled(1.0)


@pytest.mark.parametrize(
    "module",
    [
        lambda: Scaled(1.0),
        functools.partial(lambda: Scaled(1.0)),
        functools.partial(Scaled, object()),
        functools.partial(Scaled, lambda x: x),
        Called(),
        5,
    ],
)
def test_what_nothing_can_name_is_refused(module: Any) -> None:
    with pytest.raises(ConfigError, match=r"say which network it is, .* got .*SA415"):
        describe_module(module)


def test_arguments_become_plain() -> None:
    assert plain((1, ["a", None])) == [1, ["a", None]]
    assert plain({"b": (1,), 3: None}) == {"b": [1], "3": None}
    assert plain({"x", "a"}) == ["a", "x"]
    assert plain(1j) == "1j"
    assert plain(torch.float16) == "torch.float16"
    assert plain(PurePosixPath("a")) == "PurePosixPath('a')"
    assert plain(nn.ReLU) == "torch.nn.modules.activation:ReLU"
    assert plain(nn.LeakyReLU(0.5)) != plain(nn.LeakyReLU(0.1))
    for hidden in (object(), [object()], {"a": object()}, torch.zeros(2000)):
        with pytest.raises(ConfigError, match="SA415"):
            plain(hidden)


def test_descriptions_are_the_same_in_every_process() -> None:
    code = (
        "import functools\n"
        "from lightning_synthaug.generators.torch_identity import describe_module\n"
        "print(describe_module(functools.partial(dict, {'x', 'y', 'z'}, list)))\n"
    )
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1
