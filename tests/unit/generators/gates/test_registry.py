from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import tomllib

from lightning_synthaug.data import Record, Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators import Request, gates
from lightning_synthaug.generators import registry as generators
from lightning_synthaug.generators.gates import Gate, ValidImage, registry

PROJECT = Path(__file__).parents[4] / "pyproject.toml"


class Mine(Gate):
    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        return [Verdict(True) for _ in records]


@pytest.fixture(autouse=True)
def clean_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.REGISTRY, "_registered", {})


def install(folder: Path, entry: str) -> None:
    """Make a distribution with one entry point."""
    info = folder / "made_up-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{registry.GROUP}]\n{entry}\n")


def test_a_gate_has_a_name_that_is_no_generators() -> None:
    gates.register("mine", Mine)
    assert isinstance(gates.create("mine"), Mine)
    assert "mine" not in {one.name for one in generators.registrations()}
    with pytest.raises(GateError, match=r"concrete subclass of .*generators\.gates\.Gate,.*SA401"):
        gates.register("other", dict)  # type: ignore[arg-type]


def test_an_entry_point_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "made-up = lightning_synthaug.generators.gates:ValidImage")
    monkeypatch.syspath_prepend(str(tmp_path))
    made = gates.create("made-up", share=0.9, size=True)
    assert isinstance(made, ValidImage)
    assert (made.share, made.size) == (0.9, True)


@pytest.mark.parametrize(
    ("name", "target"),
    tomllib.loads(PROJECT.read_text("utf-8"))["project"]["entry-points"][registry.GROUP].items(),
)
def test_built_in_gates_can_be_created(
    name: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, f"probe-{name} = {target}")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert issubclass(registry.get(f"probe-{name}"), Gate)
