from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.store import NewSample, PictureCodec, ShardReader, Store
from lightning_synthaug.store.codec import decode_ragged, encode
from lightning_synthaug.store.log import BlockKind, frame, scan
from lightning_synthaug.store.opened import OpenShard
from lightning_synthaug.store.pictures import decode_picture
from lightning_synthaug.store.schema import Schema, schema_of

SHAPES = [(28, 28), (28, 28, 1), (32, 40, 3), (9, 17, 4), (1, 1), (1, 300, 3)]
LOSSLESS, LOSSY = ["png", "webp"], ["webp:90", "jpeg:90"]


def photo(shape: tuple[int, ...], seed: int = 0) -> Any:
    """Smooth, with some noise."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    plane = 128 + 90 * np.sin(rows / 7) * np.cos(columns / 9)
    whole = plane if len(shape) == 2 else np.stack([np.roll(plane, c) for c in range(shape[2])], 2)
    return np.clip(whole + rng.normal(0, 4, shape), 0, 255).astype(np.uint8)


def round_trip(codec: str, record: Record) -> tuple[Record, int]:
    pictures = PictureCodec.parse(codec)
    schema = pictures.schema(schema_of(record), record)
    read = Schema.from_json(json.loads(schema.text))  # as a header of a shard keeps it
    assert read == schema and schema.ragged
    row = encode(schema, [record], pictures).data
    return decode_ragged(read, bytes(row)), len(row)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("codec", LOSSLESS)
def test_lossless_codecs_give_back_what_they_got(codec: str, shape: tuple[int, ...]) -> None:
    record = Record({"image": photo(shape), "label": 3, "name": "a", "box": np.ones((2, 4))})
    assert round_trip(codec, record)[0] == record


@pytest.mark.parametrize("codec", LOSSLESS)
def test_colours_below_clear_pixels_and_the_values_of_masks_come_back(codec: str) -> None:
    image = photo((20, 20, 4))
    image[..., 3] = np.arange(20) % 2 * 255
    opaque = image.copy()
    opaque[..., 3] = 255
    for picture in (image, opaque):
        record = Record({"image": picture, "mask": np.arange(400, dtype=np.uint8).reshape(20, 20)})
        assert round_trip(codec, record)[0] == record


@pytest.mark.parametrize("shape", [s for s in SHAPES if s[2:] != (4,)])
@pytest.mark.parametrize("codec", LOSSY)
def test_lossy_codecs_change_a_little_and_always_the_same(
    codec: str, shape: tuple[int, ...]
) -> None:
    mask = photo(shape[:2]) // 64
    record = Record({"image": photo(shape), "mask": mask, "label": 3})
    made, again = round_trip(codec, record)[0], round_trip(codec, record)[0]
    image: Any = made["image"]
    assert made == again and (image.shape, image.dtype) == (shape, np.uint8)
    assert np.abs(image.astype(int) - record["image"]).mean() < 12
    assert np.array_equal(made["mask"], mask) and made["label"] == 3


def test_smaller_is_smaller() -> None:
    record = Record({"image": photo((96, 96, 3))})
    sizes = [round_trip(codec, record)[1] for codec in (*LOSSLESS, *LOSSY, "jpeg:50")]
    assert max(sizes) < 96 * 96 * 3 and sizes[4] < sizes[3] < min(sizes[:2])


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        ("png", np.zeros((8, 8), np.float32)),
        ("png", np.zeros((8, 8, 2), np.uint8)),
        ("webp", np.zeros((0, 8), np.uint8)),
        ("webp", np.zeros((1, 16_384), np.uint8)),
        ("jpeg:90", np.zeros((8, 8, 4), np.uint8)),
    ],
)
def test_what_a_codec_cannot_hold_stays_as_it_is(codec: str, value: Any) -> None:
    record = Record({"image": value, "other": np.zeros((8, 8), np.uint8)})
    schema = schema_of(record)
    assert PictureCodec.parse(codec).schema(schema, record) is schema
    assert not schema.ragged


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jpg",
        "jpeg",
        "png:9",
        "webp:0",
        "webp:101",
        "jpeg:x",
        "jpeg:",
        "raw:1",
        "jpeg:²",
        90,
        None,
    ],
)
def test_other_words_are_refused(text: object) -> None:
    with pytest.raises(ConfigError, match=r"`codec` must be 'raw'.*got .*SA311"):
        PictureCodec.parse(text)


def test_only_what_loses_something_counts_as_another_sample() -> None:
    names = {c: PictureCodec.parse(c).identity("gan") for c in ("raw", *LOSSLESS, *LOSSY)}
    assert [names[c] for c in ("raw", *LOSSLESS)] == ["gan"] * 3
    assert len({*names.values()}) == 3
    assert [str(PictureCodec.parse(c)) for c in names] == [*names]


def as_file(image: Any, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind, **options)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG of a few bytes that says that it is 50,000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


GREY = photo((28, 28))


@pytest.mark.parametrize(
    ("kind", "shape", "content"),
    [
        ("png", [28, 28], as_file(GREY, "png")[:-40]),
        ("png", [28, 28], as_file(GREY, "jpeg")),
        ("png", [28, 27], as_file(GREY, "png")),
        ("png", [28, 28, 3], as_file(GREY, "png")),
        ("png", [28, 28], as_file(GREY.astype(np.uint16), "png")),
        ("jpeg", [28, 28, 3], as_file(GREY, "jpeg")),
        ("webp", [27, 28], as_file(GREY, "webp")),
        ("webp", [28, 28], as_file(GREY, "webp")[:60]),
        ("png", [28, 28], bomb()),
        ("png", [50_000, 50_000], bomb()),
        ("png", [28, 28], b""),
        ("png", [0, 28], as_file(GREY, "png")),
        ("png", [28, 28, 5], as_file(GREY, "png")),
        ("png", [2**63, 2**63], as_file(GREY, "png")),
    ],
)
def test_a_file_that_is_not_what_the_row_says_is_refused(
    kind: str, shape: list[int], content: bytes
) -> None:
    with pytest.raises(ValueError, match="picture"):
        decode_picture(kind, shape, content)


@pytest.mark.parametrize("codec", [*LOSSLESS, *LOSSY])
def test_a_store_reads_what_another_codec_wrote(tmp_path: Path, codec: str) -> None:
    images = [Record({"image": photo((16, 16, 3), i), "label": i}) for i in range(6)]
    keys = [bytes([i]) * 16 for i in range(6)]
    new = [NewSample(k, r, {}) for k, r in zip(keys, images, strict=True)]
    with Store.open(tmp_path, codec=codec) as store:
        assert store.put(new[:4]) == 4
    with Store.open(tmp_path) as store:
        assert store.put(new) == 2
        places = store.resolve(keys)
        batch = store.reader.gather(places[:, 0], places[:, 1])
        assert batch.ok.all() and batch.records is not None
        assert [r["label"] for r in batch.records] == [*range(6)]
        if codec in LOSSLESS:
            assert [*batch.records] == images
        assert [store.get(key) for key in keys] == [*batch.records]
        assert batch.records[4:] == tuple(images[4:])
        assert store.rebuild().samples == 6 and not store.verify()
        store.compact()
        assert [store.get(key) for key in keys] == [*batch.records]


def test_a_picture_that_makes_no_pixels_is_a_miss(tmp_path: Path) -> None:
    """A row whose checksum is right and whose content is not: somebody made it so."""
    good = Record({"image": photo((16, 16))})
    pictures = PictureCodec.parse("png")
    with Store.open(tmp_path, codec="png") as store:
        store.put([NewSample(b"g" * 16, good, {})])
        hostile = encode(pictures.schema(schema_of(good), good), [good], pictures)
        row = bytes(hostile.data)
        spoiled = row[:60] + bytes(len(row) - 60)
        (log,) = tmp_path.glob("*.log")
        (rows,) = tmp_path.glob("*.rows")
        assert row in rows.read_bytes()
        rows.write_bytes(rows.read_bytes().replace(row, spoiled))
    with Store.open(tmp_path) as store:
        shard, number = store.resolve([b"g" * 16])[0].tolist()
        assert store.reader.read(shard, number) is None  # its checksum is wrong
        told = struct.pack("<I", zlib.crc32(row)), struct.pack("<I", zlib.crc32(spoiled))
        blocks = [(BlockKind(kind), bytes(data)) for kind, data, _ in scan(log.read_bytes())]
        assert any(told[0] in data for _, data in blocks)
        log.write_bytes(b"".join(frame(kind, data.replace(*told)) for kind, data in blocks))
        assert OpenShard(tmp_path, shard).has(number)  # and now it is right
        reader = ShardReader(tmp_path)
        assert reader.read(shard, number) is None
        batch = reader.gather([shard], [number])
        assert batch.ok.tolist() == [False] and batch.records == ()


def test_without_pillow_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from lightning_synthaug.store.pictures import decode_picture\n"
        "decode_picture('png', [1, 1], b'')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert "need Pillow" in done.stderr and "[images]" in done.stderr and "SA830" in done.stderr
