from __future__ import annotations

import builtins
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError, MissingDependency
from lightning_synthaug.generators import FolderGenerator, Rejection, Request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes: three small cats, two larger dogs, and things that do not count."""
    for kind, count in (("cat", 3), ("dog", 2)):
        (tmp_path / kind).mkdir()
        for number in range(count):
            shape = (4, 5) if kind == "cat" else (6, 7)
            image = Image.fromarray(np.full(shape, 10 * number, np.uint8))
            image.save(tmp_path / kind / f"{number}.png")
    for name in (".hidden", "__MACOSX", "_old"):
        (tmp_path / name).mkdir()
    (tmp_path / "cat" / "notes.txt").write_text("x")
    return tmp_path


def ask(generator: FolderGenerator, label: int | None, number: int = 0, attempt: int = 0) -> Any:
    (result,) = generator.generate([Request(label=label, number=number, attempt=attempt)])
    return result


def test_sorted_subfolders_are_the_labels(folder: Path) -> None:
    generator = FolderGenerator(folder)
    generator.load("cpu")
    assert generator.labels == {0, 1}
    assert generator.conditioning == "class"
    assert [generator.count(label) for label in (0, 1, 2, None)] == [3, 2, 0, 5]
    cat, dog = ask(generator, 0, 2), ask(generator, 1, 1)
    assert (cat["image"].shape, cat["label"], cat["image"].max()) == ((4, 5), 0, 20)
    assert (dog["image"].shape, dog["label"], dog["image"].max()) == ((6, 7), 1, 10)
    generator.unload()


@pytest.mark.parametrize("names", [["dog", "cat"], {"dog": 0, "cat": 1}])
def test_class_names_choose_the_labels(folder: Path, names: Any) -> None:
    assert ask(FolderGenerator(folder, class_names=names), 0)["image"].shape == (6, 7)


def test_provenance_names_the_file(folder: Path) -> None:
    told = FolderGenerator(folder).particulars(Request(label=1, number=3))
    assert told == {"file": "dog/1.png"}
    flat = FolderGenerator(folder / "cat").particulars(Request(label=None, number=2))
    assert flat == {"file": "2.png"}
    assert "pillow" in FolderGenerator.libraries


def test_a_mapping_may_leave_folders_out(folder: Path) -> None:
    assert FolderGenerator(folder, class_names={"dog": 7}).labels == {7}


def test_a_flat_folder_has_no_labels(folder: Path) -> None:
    generator = FolderGenerator(folder / "cat")
    assert (generator.conditioning, generator.labels, generator.count(5)) == ("none", None, 3)
    assert set(ask(generator, None, 1)) == {"image"}


def test_a_number_beyond_the_files_starts_again_and_says_so_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    generator = FolderGenerator(folder)
    with caplog.at_level(logging.WARNING):
        assert ask(generator, 0, 4) == ask(generator, 0, 1)
        ask(generator, 0, 5)
    (record,) = caplog.records
    assert f"{folder.name!r} holds 3 images of label 0, and more" in record.message


def test_a_second_attempt_is_rejected(folder: Path) -> None:
    assert isinstance(ask(FolderGenerator(folder), 0, attempt=1), Rejection)


@pytest.mark.parametrize(("mode", "shape"), [("L", (6, 7)), ("RGB", (6, 7, 3))])
def test_mode_converts(folder: Path, mode: Any, shape: tuple[int, ...]) -> None:
    assert ask(FolderGenerator(folder, mode=mode), 1)["image"].shape == shape


def test_a_damaged_file_is_one_rejection(folder: Path) -> None:
    (folder / "cat" / "0.png").write_bytes(b"no image")
    Image.fromarray(np.zeros((4, 5), np.int32)).save(folder / "cat" / "1.tif")
    generator = FolderGenerator(folder)
    assert "0.png cannot be read" in ask(generator, 0, 0).reason
    assert "more than 8 bits" in ask(generator, 0, 2).reason
    assert isinstance(ask(generator, 0, 1), Record)


def test_a_picture_too_large_to_be_one_is_a_rejection(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5)
    assert "0.png cannot be read: DecompressionBomb" in ask(FolderGenerator(folder), 0).reason


def test_pictures_are_turned_as_the_camera_says(folder: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    image = Image.fromarray(np.zeros((4, 5), np.uint8))
    image.save(folder / "cat" / "0.png", exif=exif)
    assert ask(FolderGenerator(folder), 0)["image"].shape == (5, 4)


def test_grey_and_coloured_files_need_a_mode(folder: Path) -> None:
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(folder / "cat" / "1.png")
    generator = FolderGenerator(folder)
    ask(generator, 0, 0)
    with pytest.raises(
        GeneratorError, match=r'"0.png" in grey and "1.png" in colour.*mode="RGB".*SA434'
    ):
        ask(generator, 0, 1)
    converted = FolderGenerator(folder, mode="L")
    assert ask(converted, 0, 0)["image"].ndim == ask(converted, 0, 1)["image"].ndim


def test_fingerprint_follows_content_names_and_mode_but_not_the_place(folder: Path) -> None:
    def fingerprint(**arguments: Any) -> str:
        return FolderGenerator(folder, **arguments).fingerprint()

    first = fingerprint()
    assert first == fingerprint(name="else", licence="CC0-1.0")
    assert len({first, fingerprint(mode="L"), fingerprint(class_names=["dog", "cat"])}) == 3
    Image.fromarray(np.full((4, 5), 99, np.uint8)).save(folder / "cat" / "0.png")
    assert fingerprint() != first


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"mode": "CMYK"}, "`mode` must be.*'CMYK'.*SA432"),
        ({"class_names": "cat"}, "several names, got 'cat'.*SA431"),
        ({"class_names": ["cat", "cat"]}, "once, got .*SA431"),
        ({"class_names": {"cat": 1, "dog": 1}}, "once, got .*SA431"),
        ({"class_names": {"cat": "0"}}, "whole number, got '0' in .*SA431"),
        ({"class_names": {"cat": True}}, "whole number, got True in .*SA431"),
    ],
)
def test_bad_arguments_are_refused_at_construction(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        FolderGenerator("anywhere", **arguments)


def test_bad_folders_are_refused_when_they_are_read(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(GeneratorError, match=r"existing folder, got .*nowhere.*SA430"):
        FolderGenerator(folder / "nowhere").load()
    with pytest.raises(GeneratorError, match=r"must hold files \(.bmp.*empty.*SA430"):
        FolderGenerator(folder / "empty").load()
    with pytest.raises(
        GeneratorError, match=r"got \['cow'\] besides \['cat', 'dog', 'empty'\].*SA431"
    ):
        FolderGenerator(folder, class_names=["cat", "cow"]).load()


def test_a_label_without_files_is_refused(folder: Path) -> None:
    with pytest.raises(GeneratorError, match=r"one of the labels \[0, 1\], got 5.*SA414"):
        ask(FolderGenerator(folder), 5)


def test_pillow_is_asked_for_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "PIL":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r"pip install pillow.*SA433"):
        FolderGenerator(folder).load()
