from __future__ import annotations

import sys
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from lightning_synthaug.cli.generating.project import read_loader
from lightning_synthaug.errors import DataError

CODE = """
from torch.utils.data import DataLoader
loader = DataLoader(range(10), 5)
def function():
    return DataLoader(range(20), 5)
class Module:
    def prepare_data(self):
        self.told = ["prepared"]
    def setup(self, stage):
        self.told.append(stage)
    def train_dataloader(self):
        assert self.told == ["prepared", "fit"]
        return DataLoader(range(30), 5)
module = Module()
def several():
    return [loader, loader]
def broken():
    raise ValueError("the user's own")
"""


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a_project_of_a_user.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "a_project_of_a_user", raising=False)


@pytest.mark.parametrize(
    ("name", "size"), [("loader", 10), ("function", 20), ("Module", 30), ("module", 30)]
)
def test_a_loader_is_found_in_the_current_folder(name: str, size: int) -> None:
    loader = read_loader(f"a_project_of_a_user:{name}")
    assert isinstance(loader, DataLoader)
    assert len(loader.dataset) == size  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("several", "got list.*the one that is mixed"),
        ("broken", "ValueError: the user's own"),
        ("nothing", "has no attribute 'nothing'"),
    ],
)
def test_anything_else_is_refused(name: str, said: str) -> None:
    with pytest.raises(DataError, match=rf"{said}.*SA811"):
        read_loader(f"a_project_of_a_user:{name}")
