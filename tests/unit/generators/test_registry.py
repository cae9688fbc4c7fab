from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError, GeneratorNotFound
from lightning_synthaug.generators import Generator, Rejection, Request, TorchGenerator, registry


class Mine(Generator):
    def __init__(self, *, tone: int = 0) -> None:
        self.tone = tone

    def fingerprint(self) -> str:
        return "mine"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [Rejection("never") for _ in requests]


class Other(Mine):
    pass


class Positional(Mine):
    def __init__(self, *tones: int) -> None:
        super().__init__()


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.REGISTRY, "_registered", {})
    monkeypatch.setattr(registry.REGISTRY, "_blocked", set())


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path in which distributions can be made."""
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("synthaug_made_up")]:
        del sys.modules[name]


def install(folder: Path, distribution: str, entry: str, code: str = "") -> None:
    """Make a distribution with one entry point."""
    info = folder / f"{distribution}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{entry}\n")
    if code:
        (folder / f"synthaug_made_up_{distribution}.py").write_text(code)


def test_a_registered_class_is_created_by_name() -> None:
    registry.register("mine", Mine)
    registry.register("mine", Mine)  # once more does no harm
    made = registry.create("mine", tone=3)
    assert isinstance(made, Mine)
    assert made.tone == 3
    assert [one.name for one in registry.registrations() if "register()" in one.distribution] == [
        "mine"
    ]
    registry.unregister("mine")
    with pytest.raises(GeneratorNotFound, match="mine"):
        registry.get("mine")


def test_built_in_generators_have_names() -> None:
    assert registry.get("torch") is TorchGenerator


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(GeneratorNotFound, match=r'got "tosch". Did you mean "torch"\?.*SA400'):
        registry.create("tosch")
    with pytest.raises(GeneratorNotFound, match="SA400"):
        registry.unregister("tosch")


@pytest.mark.parametrize("name", ["", "Big", "a b", "1st"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"lower-case letters.*SA402"):
        registry.register(name, Mine)


@pytest.mark.parametrize(
    ("broken", "match"),
    [
        (3, "got 3, which is no class"),
        (dict, "builtins:dict, which does not derive"),
        (Generator, "which lacks fingerprint, generate"),
        (Positional, r"arguments \['tones'\] cannot be given by name"),
    ],
)
def test_what_cannot_be_a_generator_is_refused(broken: type[Generator], match: str) -> None:
    with pytest.raises(
        GeneratorError, match=rf'(?s)Generator "mine" of register\(\).*{match}.*SA401'
    ):
        registry.register("mine", broken)


def test_a_name_belongs_to_one_class() -> None:
    registry.register("mine", Mine)
    with pytest.raises(GeneratorError, match=r"got 2: .*:Mine; .*:Other.*SA403"):
        registry.register("mine", Other)
    with pytest.raises(GeneratorError, match=r"got 2: lightning-synthaug .*:Mine.*SA403"):
        registry.register("torch", Mine)


def test_a_blocked_name_is_refused_until_it_is_allowed() -> None:
    registry.register("mine", Mine)
    registry.block("mine")
    with pytest.raises(GeneratorNotFound, match="SA404"):
        registry.get("mine")
    assert [one.blocked for one in registry.registrations() if one.name == "mine"] == [True]
    registry.block("mine", blocked=False)
    assert registry.get("mine") is Mine


def test_wrong_arguments_are_named() -> None:
    registry.register("mine", Mine)
    with pytest.raises(ConfigError, match=r"Mine\(.*tone.*got \['tune'\].*SA406"):
        registry.create("mine", tune=1)


def test_a_plugin_is_found_and_not_imported_before_it_is_asked_for(plugins: Path) -> None:
    code = (
        "from lightning_synthaug.generators import Generator\n"
        "class G(Generator):\n"
        "    fingerprint = generate = lambda *a: None\n"
    )
    install(plugins, "good", "made-up = synthaug_made_up_good:G", code)
    listed = {one.name: one for one in registry.registrations()}
    assert listed["made-up"].distribution == "good 1.2"
    assert "synthaug_made_up_good" not in sys.modules
    assert registry.get("made-up").__name__ == "G"


def test_a_plugin_that_fails_to_import_is_blamed_by_name_and_version(plugins: Path) -> None:
    install(plugins, "bad", "made-up = synthaug_made_up_bad:G", "raise RuntimeError('no licence')")
    with pytest.raises(
        GeneratorError, match=r'"made-up" of bad 1.2.*RuntimeError: no licence.*SA405'
    ):
        registry.get("made-up")


def test_a_plugin_that_is_no_generator_is_blamed(plugins: Path) -> None:
    install(plugins, "odd", "made-up = synthaug_made_up_odd:G", "G = dict")
    with pytest.raises(GeneratorError, match=r'(?s)"made-up" of odd 1.2.*SA401'):
        registry.get("made-up")


def test_two_distributions_with_one_name_are_both_named(plugins: Path) -> None:
    install(plugins, "one", "made-up = synthaug_made_up_one:G")
    install(plugins, "two", "made-up = synthaug_made_up_two:G")
    with pytest.raises(GeneratorError, match=r"got 2: (one 1.2; two|two 1.2; one) 1.2.*SA403"):
        registry.get("made-up")
