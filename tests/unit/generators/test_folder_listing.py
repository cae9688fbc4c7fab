from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.folder_listing import label_by_name, list_folder


def test_names_become_labels() -> None:
    assert label_by_name(None) is None
    assert label_by_name({"cat": 5}) == {"cat": 5}
    with pytest.raises(ConfigError, match="SA431"):
        label_by_name("cat")


def test_files_are_sorted_and_empty_classes_left_out(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.PNG", "a/notes.txt", "c/x.jpeg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = list_folder(tmp_path, None).files
    assert {label: [path.name for path in paths] for label, paths in files.items()} == {
        1: ["10.PNG", "2.png"],
        2: ["x.jpeg"],
    }
    with pytest.raises(GeneratorError, match="SA430"):
        list_folder(tmp_path / "a", None)
