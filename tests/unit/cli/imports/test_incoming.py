"""Parts of a sample that are not what they say."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.cli.imports import incoming
from lightning_synthaug.cli.imports.incoming import Incoming


def picture(mode: str = "L", form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (3, 2)).save(buffer, format=form)
    return buffer.getvalue()


def test_an_array_with_code_in_it_is_refused() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([print], object), allow_pickle=True)
    with pytest.raises(ValueError, match="pickle"):
        Incoming("00" * 16, {"x.npy": buffer.getvalue()}).sample()


def test_other_images_and_endings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {
        "image.exe": b"",
        "image.png": picture(form="BMP"),
        "other.png": picture("I;16"),
    }.items():
        with pytest.raises((ValueError, OSError)):
            Incoming("00" * 16, {name: content}).sample()
    monkeypatch.setattr(incoming, "_PIXELS", 5)
    with pytest.raises(ValueError, match="3 x 2 pixels"):
        Incoming("00" * 16, {"image.png": picture()}).sample()


def test_names_are_spelled_back_and_the_time_of_storing_is_left() -> None:
    told = {"name": "gan", "stored_at": "then"}
    files = {"a%2Eb%2Fc.txt": b"x", "image.png": picture()}
    sample = Incoming("01" * 16, files, {"n": 3}, told, ["image.png"]).sample()
    assert sample.key == b"\x01" * 16
    assert sample.provenance == {"name": "gan"}
    assert set(sample.record) == {"a.b/c", "image", "n"}
    assert np.shape(sample.record["image"]) == (2, 3, 1)


def test_a_file_that_is_told_of_must_be_there() -> None:
    with pytest.raises(KeyError):
        Incoming.told(b'{"key": "00", "files": ["a.txt"], "fields": {}}', {})
