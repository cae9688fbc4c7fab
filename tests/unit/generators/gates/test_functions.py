from __future__ import annotations

import functools
import math

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.gates.functions import describe_function, find_function


def named() -> None: ...


class Model:
    def encode(self) -> None: ...

    @classmethod
    def of_all(cls) -> None: ...

    def __call__(self) -> None: ...


def inside() -> object:
    def hidden() -> None: ...

    return hidden


def test_a_function_of_a_module_is_told_by_its_path() -> None:
    assert describe_function(named, None) == f"{__name__}:named"
    assert describe_function(Model.of_all, None) == f"{__name__}:Model.of_all"
    assert describe_function("math:sqrt", None) == describe_function(math.sqrt, None)


@pytest.mark.parametrize(
    "function",
    [lambda: 0, inside(), Model().encode, Model(), functools.partial(named), 3],
    ids=["lambda", "closure", "method", "object", "partial", "number"],
)
def test_what_has_no_path_needs_a_name(function: object) -> None:
    with pytest.raises(ConfigError, match=r"must have a name.*`identity=.*SA455"):
        describe_function(function, None)  # type: ignore[arg-type]
    assert describe_function(function, "mine-1") == "mine-1"  # type: ignore[arg-type]


def test_a_path_is_imported() -> None:
    assert find_function("math:sqrt") is math.sqrt
    assert find_function(named) is named
    with pytest.raises(ConfigError, match="SA415"):
        find_function("math.sqrt")
