"""The contract suite on `FolderGenerator`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.generators import FolderGenerator, Generator
from lightning_synthaug.generators.contract import GeneratorContract


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    request.instance.folder = tmp_path


@pytest.mark.usefixtures("folder")
class TestClassFolders(GeneratorContract):
    def make(self, name: str = "first") -> Generator:
        root = self.folder / name
        if not root.exists():
            for label, kind in enumerate(("cat", "dog")):
                (root / kind).mkdir(parents=True)
                for number in range(4):
                    grey = np.full((5, 6, 3), 40 * label + number + len(name), np.uint8)
                    Image.fromarray(grey).save(root / kind / f"{number}.png")
        return FolderGenerator(root, licence="CC0-1.0")

    def make_other(self) -> Generator:
        return self.make("another")


@pytest.mark.usefixtures("folder")
class TestFlatFolder(GeneratorContract):
    def make(self, name: str = "flat") -> Generator:
        root = self.folder / name
        if not root.exists():
            root.mkdir()
            for number in range(6):
                grey = np.full((5, 6), number + len(name), np.uint8)
                Image.fromarray(grey).save(root / f"{number}.png")
        return FolderGenerator(root)

    def make_other(self) -> Generator:
        return self.make("another")
