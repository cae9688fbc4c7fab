from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.cli.exports.forms import outgoing, safe_name
from lightning_synthaug.cli.marking import Mark
from lightning_synthaug.data.record import Record
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
    assert out.thin == (["image.png"] if shape == (5, 4, 1) else [])


@pytest.mark.parametrize(
    ("shape", "layout"), [((40,), "flat"), ((2, 40), "first"), ((40, 1), "last")]
)
def test_sound_is_audio_with_a_rate(shape: tuple[int, ...], layout: str) -> None:
    sound = np.ones(shape, np.float32)
    out = outgoing(stored(), Record({"audio": sound, "rate": 16000}))
    assert list(out.files) == ["audio.wav"]
    assert out.waves == {"audio.wav": layout}
    assert json.loads(out.told())["waves"] == out.waves
    for fields in ({"audio": sound}, {"audio": sound, "rate": 1.5}, {"wave": sound, "rate": 16000}):
        assert next(iter(outgoing(stored(), Record(fields)).files)).endswith(".npy")


def test_images_and_sound_are_signed_and_nothing_else() -> None:
    class Signing:
        def sign(self, content: bytes, ending: str, mark: Mark) -> bytes:
            return f"{ending} {mark.key}".encode()

    fields = {"image": np.ones((4, 4), np.uint8), "audio": np.ones(9, np.int16), "rate": 8000}
    out = outgoing(stored(), Record({**fields, "text": "a"}), Signing())  # type: ignore[arg-type]
    key = (b"k" * 16).hex()
    expected = {"image.png": f"png {key}", "audio.wav": f"wav {key}", "text.txt": "a"}
    assert out.files == {name: text.encode() for name, text in expected.items()}


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
    assert told["digital_source_type"] == out.mark.source_type
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
