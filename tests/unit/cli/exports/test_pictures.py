from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.cli.exports.pictures import is_image, png
from lightning_synthaug.cli.marking import Mark, packet
from lightning_synthaug.errors import MissingDependency

MARK = Mark.of({"name": "gan", "licence": "CC-BY-4.0"}, "00ff")


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3), (5, 4, 4)])
def test_an_ordinary_reader_shows_the_mark_and_the_same_pixels(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with Image.open(io.BytesIO(png(pixels, MARK))) as image:
        assert np.array_equal(np.asarray(image).reshape(shape), pixels)
        told = image.getxmp()["xmpmeta"]["RDF"]["Description"]
        assert image.info["XML:com.adobe.xmp"] == packet(MARK)
    assert told["DigitalSourceType"] == MARK.source_type
    assert told["AISystemUsed"] == "gan"
    assert told["identifier"] == "00ff"
    assert told["rights"]["Alt"]["li"]["text"] == "CC-BY-4.0"


@pytest.mark.parametrize(
    "array",
    [
        np.ones((4, 4), np.float32),
        np.ones((4, 4, 2), np.uint8),
        np.ones((0, 4), np.uint8),
        np.ones(3, np.uint8),
    ],
)
def test_other_arrays_are_no_images(array: Any) -> None:
    assert not is_image(array)


def test_it_needs_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingDependency, match=r"needs Pillow.*\[images\].*SA808"):
        png(np.zeros((4, 4), np.uint8), MARK)
