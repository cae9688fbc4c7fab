"""What every kind of class has in common; the messages for generators are tested in `test_registry`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest

from lightning_synthaug.errors import ConfigError, FillError, GateError
from lightning_synthaug.generators.named import Registry


class Tool(ABC):
    @abstractmethod
    def use(self) -> str: ...


class Hammer(Tool):
    def __init__(self, *, weight: int = 1, name: str = "hammer") -> None:
        self.weight = weight
        self.name = name

    def use(self) -> str:
        return "bang"


class Saw(Hammer):
    pass


def tools() -> Registry[Tool]:
    return Registry(Tool, group="no.such.group", failed=GateError, not_found=FillError)


def test_each_registry_has_names_of_its_own() -> None:
    one, other = tools(), tools()
    one.register("hammer", Hammer)
    made = one.create("hammer", weight=3, name="big")  # an argument may be called name, too
    assert isinstance(made, Hammer)
    assert (made.weight, made.name) == (3, "big")
    assert [r.name for r in one.registrations()] == ["hammer"]
    assert other.registrations() == []
    one.block("hammer")
    with pytest.raises(FillError, match="SA404"):
        one.get("hammer")
    one.block("hammer", blocked=False)
    one.unregister("hammer")
    assert one.registrations() == []


def test_messages_name_the_kind_and_errors_are_of_it() -> None:
    registry = tools()
    registry.register("hammer", Hammer)
    with pytest.raises(ConfigError, match=r"A tool's name must be lower-case.*SA402"):
        registry.register("Big Hammer", Hammer)
    with pytest.raises(
        GateError, match=r'Tool "none".*\.Tool, got .*lacks use.*write a tool.*SA401'
    ):
        registry.register("none", Tool)
    with pytest.raises(GateError, match=r"must belong to one tool, got 2: .*Hammer; .*Saw.*SA403"):
        registry.register("hammer", Saw)
    with pytest.raises(FillError, match=r'one of \[\'hammer\'\], got "hamer".*MyTool.*SA400'):
        registry.get("hamer")
    with pytest.raises(
        ConfigError, match=r'Tool "hammer" must be given.*got \[\'wieght\'\].*SA406'
    ):
        registry.create("hammer", wieght=2)
