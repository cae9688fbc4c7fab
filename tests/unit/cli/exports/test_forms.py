from __future__ import annotations

import builtins
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.cli.exports.forms import outgoing, safe_name
from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.store import StoredSample


def stored(**told: Any) -> StoredSample:
    return StoredSample(b"k" * 16, 1, 2, 3, 1_800_000_000 * 10**9, {"name": "gan", **told})


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 1), (5, 4, 3), (5, 4, 4)])
def test_images_keep_each_pixel(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    out = outgoing(stored(label=3), Record({"image": pixels}))
    with Image.open(io.BytesIO(out.files["image.png"])) as image:
        assert np.array_equal(np.asarray(image).reshape(shape), pixels)
    assert out.label == 3


@pytest.mark.parametrize(
    "array",
    [
        np.ones((4, 4), np.float32),
        np.ones((4, 4, 2), np.uint8),
        np.ones((0, 4), np.uint8),
        np.ones(3),
    ],
)
def test_other_arrays_keep_their_type(array: Any) -> None:
    out = outgoing(stored(), Record({"x": array}))
    back = np.load(io.BytesIO(out.files["x.npy"]), allow_pickle=False)
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


def test_text_bytes_numbers_and_provenance_are_told() -> None:
    record = Record(
        {"text": "né", "raw": b"\0", "rate": 16000, "gain": 0.5, "on": True, "label": 7}
    )
    out = outgoing(stored(seed=5), record)
    assert out.files == {"text.txt": "né".encode(), "raw.bin": b"\0"}
    assert out.numbers == {"rate": 16000, "gain": 0.5, "on": True, "label": 7}
    assert out.label == 7  # the generator was asked for none
    told = json.loads(out.told())
    assert told["key"] == (b"k" * 16).hex()
    assert told["provenance"]["seed"] == 5
    assert told["provenance"]["stored_at"] == "2027-01-15T08:00:00+00:00"


@pytest.mark.parametrize(
    ("asked", "label"), [(3, 3), ("cat", "cat"), (True, 1), (2**70, str(2**70)), (None, None)]
)
def test_labels_are_whole_numbers_or_text(asked: Any, label: Any) -> None:
    got = outgoing(stored(label=asked), Record({"x": 1})).label
    assert (got, type(got)) == (label, type(label))


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../x", "a\0b", "\ud800", "x" * 500, "c:d"])
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    spelled = safe_name(name)
    assert spelled.encode()
    assert not set(spelled) & set("./\\\0:")
    assert len(spelled) <= 100


def test_images_need_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:
        if name == "PIL":
            raise ModuleNotFoundError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependency, match=r"needs Pillow.*\[images\].*SA808"):
        outgoing(stored(), Record({"image": np.zeros((4, 4), np.uint8)}))
    assert outgoing(stored(), Record({"text": "a"})).files
