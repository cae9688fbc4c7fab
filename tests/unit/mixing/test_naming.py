from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torch.utils.data import Dataset, Subset

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import FolderGenerator
from lightning_synthaug.mixing.naming import check_class_names
from lightning_synthaug.mixing.recipe import Recipe


class Shapes(Dataset[Any]):
    classes = ("circle", "square", "triangle")

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> int:
        return index


def folder(root: Path, *names: str) -> FolderGenerator:
    for name in names:
        (root / name).mkdir(parents=True)
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(root / name / "0.png")
    return FolderGenerator(root)


def check(generator: FolderGenerator, dataset: Any = None, **options: Any) -> None:
    check_class_names("folder", generator, dataset, Recipe(source=generator, ratio=0.5, **options))


def test_a_shifted_numbering_is_refused_with_the_right_map(tmp_path: Path) -> None:
    generator = folder(tmp_path, "square", "triangle")
    match = r"label 0: 'circle' in the dataset, 'square' in the generator\n.*label_map=\{1: 0, 2: 1\}.*SA117"
    with pytest.raises(ConfigError, match=r"(?s)" + match):
        check(generator, Subset(Shapes(), [0, 2]))
    check(generator, Shapes(), label_map={1: 0, 2: 1})


def test_given_names_count_before_the_datasets(tmp_path: Path) -> None:
    generator = folder(tmp_path, "Circle", "square")
    check(generator, Shapes())
    with pytest.raises(ConfigError, match=r"(?s)label 1: 'disc' in the dataset.*SA117"):
        check(generator, Shapes(), class_names={1: "disc"})


def test_nothing_is_compared_where_a_side_has_no_names(tmp_path: Path) -> None:
    check(folder(tmp_path, "a", "b"), [1, 2])
