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


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_folders_named_by_numbers_are_those_labels(tmp_path: Path) -> None:
    listing = list_folder(touch(tmp_path, "7/a.png", "10/b.png", "3/c.png"), None)
    assert listing.names == {3: "3", 7: "7", 10: "10"}
    assert [(label, paths[0].name) for label, paths in listing.files.items()] == [
        (3, "c.png"),
        (7, "a.png"),
        (10, "b.png"),
    ]


@pytest.mark.parametrize("odd", ["01", "cat", "1.5", "-1", "²"])
def test_folders_of_which_one_is_no_number_are_numbered_by_place(tmp_path: Path, odd: str) -> None:
    listing = list_folder(touch(tmp_path, "10/b.png", "2/c.png", f"{odd}/d.png"), None)
    assert [listing.names[label] for label in (0, 1, 2)] == sorted(["10", "2", odd])


def test_only_files_count(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.png", "a/._x.png", "__MACOSX/a.png", "_old/b.png")
    (tmp_path / "a" / "dir.png").mkdir()
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    listing = list_folder(tmp_path, None)
    assert {k: [p.name for p in v] for k, v in listing.files.items()} == {0: ["x.png"]}


def test_images_beside_class_folders_are_not_guessed_about(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.png", "loose.png")
    with pytest.raises(GeneratorError, match=r'got 1 such as "loose.png" beside.*SA430'):
        list_folder(tmp_path, None)
    assert list_folder(tmp_path, {"a": 0}).names == {0: "a"}
