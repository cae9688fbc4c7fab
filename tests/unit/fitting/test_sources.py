from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.errors import DataError, GeneratorError
from lightning_synthaug.fitting.sources import read_source

IMAGES = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
CODE = """
import numpy as np
import torch
from PIL import Image
from torch.utils.data import TensorDataset
images = np.zeros((4, 5, 6), np.uint8)
labels = [0, 1, 0, 1]
def arrays():
    return images, labels
def dataset():
    return list(zip(images, labels))
def tensors():
    return TensorDataset(torch.zeros(4, 1, 5, 6), torch.tensor(labels))
def dicts():
    return [{"image": Image.fromarray(x), "label": y} for x, y in zip(images, labels)]
def first():
    return images[:, None], labels
def colour():
    return TensorDataset(torch.arange(4 * 90).reshape(4, 3, 5, 6).byte(), torch.tensor(labels))
pair = (images, labels)
nothing = 3
def boom():
    return 1 // 0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, image in enumerate(IMAGES):
        kind = tmp_path / ("cat" if number % 2 else "ant")
        kind.mkdir(exist_ok=True)
        Image.fromarray(image).save(kind / f"{number}.png")
    return tmp_path


def test_class_folders_are_read_in_order(folder: Path) -> None:
    source = read_source(str(folder))
    np.testing.assert_array_equal(source.images, IMAGES[[0, 2, 1, 3]])
    assert source.labels.tolist() == [0, 0, 1, 1]
    assert source.class_names == ["ant", "cat"]


def test_images_of_several_sizes_are_for_those_who_scale_them(folder: Path) -> None:
    Image.fromarray(IMAGES[0, :4]).save(folder / "cat" / "9.png")
    with pytest.raises(DataError, match=r"2 shapes, \(4, 6\) and \(5, 6\).*--size 64.*SA446"):
        read_source(str(folder))
    source = read_source(str(folder), sized=True)
    assert [image.shape for image in source.images] == [(5, 6)] * 4 + [(4, 6)]


def test_classes_choose_folders_and_their_order(folder: Path) -> None:
    source = read_source(str(folder), class_names=["cat"])
    np.testing.assert_array_equal(source.images, IMAGES[[1, 3]])
    assert source.class_names == ["cat"]
    with pytest.raises(GeneratorError, match=r"\['cow'\].*SA431"):
        read_source(str(folder), class_names=["cow"])


def test_folders_named_by_numbers_are_those_labels(tmp_path: Path) -> None:
    for name, image in zip(("10", "2"), IMAGES, strict=False):
        (tmp_path / name).mkdir()
        Image.fromarray(image).save(tmp_path / name / "0.png")
    source = read_source(str(tmp_path))
    np.testing.assert_array_equal(source.images, IMAGES[[1, 0]])
    assert (source.labels.tolist(), source.class_names) == ([2, 10], ["2", "10"])


def test_arrays_are_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=IMAGES, labels=[0, 1, 0, 1])
    source = read_source(str(tmp_path / "d.npz"))
    np.testing.assert_array_equal(source.images, IMAGES)
    assert source.class_names is None
    np.savez(tmp_path / "d.npz", images=IMAGES[:, None], labels=[0, 1, 0, 1])
    np.testing.assert_array_equal(read_source(str(tmp_path / "d.npz")).images, IMAGES[..., None])


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("arrays", (4, 5, 6)),
        ("dataset", (4, 5, 6)),
        ("pair", (4, 5, 6)),
        ("dicts", (4, 5, 6)),
        ("tensors", (4, 5, 6, 1)),
        ("first", (4, 5, 6, 1)),
        ("colour", (4, 5, 6, 3)),
    ],
)
def test_code_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, shape: tuple[int, ...]
) -> None:
    (tmp_path / "synthaug_source_code.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "synthaug_source_code", raising=False)
    source = read_source(f"synthaug_source_code:{name}")
    assert source.images.shape == shape
    assert source.labels.tolist() == [0, 1, 0, 1]
    if name == "colour":
        assert source.images[0, 0, :2].tolist() == [[0, 30, 60], [1, 31, 61]]
    with pytest.raises(DataError, match=r"got int \(.*SA446"):
        read_source("synthaug_source_code:nothing")
    with pytest.raises(DataError, match=r"`--data` must name code that runs.*missing.*SA446"):
        read_source("synthaug_source_code:missing")
    with pytest.raises(
        DataError, match=r"`--data` must name code that runs.*no_such_module.*SA446"
    ):
        read_source("no_such_module:x")
    with pytest.raises(DataError, match=r"ZeroDivisionError: .*SA446") as caught:
        read_source("synthaug_source_code:boom")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_other_things_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataError, match=r'nothing of that name at "nowhere".*SA446'):
        read_source("nowhere")
    with pytest.raises(DataError, match=r"images without class subfolders.*SA446"):
        read_source(str(folder / "cat"))
    np.savez(tmp_path / "a.npz", pictures=IMAGES)
    with pytest.raises(DataError, match=r"a file without them.*SA446"):
        read_source(str(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", images=np.array([object()]), labels=[0])
    with pytest.raises(DataError, match=r"no archive of plain arrays.*SA446"):
        read_source(str(tmp_path / "b.npz"))
    (tmp_path / "c.npz").write_text("some text")
    with pytest.raises(DataError, match=r"no archive of plain arrays.*SA446") as caught:
        read_source(str(tmp_path / "c.npz"))
    assert "pickle" not in str(caught.value)
    with pytest.raises(DataError, match=r"must exist.*Correct the path. \[SA446\]"):
        read_source(str(tmp_path / "mistyped.npz"))
    with pytest.raises(DataError, match=r"a file of another kind.*SA446"):
        read_source(str(folder / "cat" / "1.png"))
    (folder / "cat" / "x.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no image \(x.png.*SA446"):
        read_source(str(folder))
    Image.fromarray(IMAGES[0, :4]).save(folder / "cat" / "x.png")
    with pytest.raises(DataError, match=r"2 shapes, \(4, 6\) and \(5, 6\).*SA446"):
        read_source(str(folder))
