from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lightning_synthaug.cli.exports import parquet
from lightning_synthaug.cli.exports.parquet import write_parquet
from lightning_synthaug.errors import MissingDependency
from tests.unit.cli.exports.some import some
from tests.unit.store.samples import image, key


def test_each_sample_is_a_row_with_its_image_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(parquet, "_ROWS", 3)
    assert write_parquet(tmp_path, some(7)) == 7
    (path,) = tmp_path.iterdir()
    assert pq.ParquetFile(path).num_row_groups == 3
    table = pq.read_table(path)
    assert table.column_names == ["key", "label", "image", "provenance"]
    for number, row in enumerate(table.to_pylist()):
        assert row["key"] == key(number).hex()
        assert row["label"] == number % 2
        with Image.open(io.BytesIO(row["image"]["bytes"])) as picture:
            assert np.array_equal(np.asarray(picture), image(number)["image"])
        assert json.loads(row["provenance"])["number"] == number
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["label"] == {"dtype": "int64", "_type": "Value"}


def test_samples_of_other_columns_go_to_a_file_of_their_own(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    named = (replace(one, label="cat", numbers={"gain": 0.5, "on": True}) for one in some(2))
    mixed = [*some(2), *some(3, caption="a cat"), *named]
    assert write_parquet(tmp_path, iter(mixed)) == 7
    tables = [pq.read_table(path) for path in sorted(tmp_path.iterdir())]
    assert [table.num_rows for table in tables] == [2, 3, 2]
    assert tables[1]["caption"].to_pylist() == ["a cat"] * 3
    assert tables[2]["label"].to_pylist() == ["cat"] * 2
    assert (tables[2]["gain"].to_pylist(), tables[2]["on"].to_pylist()) == ([0.5] * 2, [True] * 2)


def test_sound_is_a_pair_of_bytes_and_path_too(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    write_parquet(tmp_path, some(2, audio=np.zeros((2, 9), np.int16), rate=8000))
    table = pq.read_table(tmp_path / "samples-0.parquet")
    features = json.loads(table.schema.metadata[b"huggingface"])["info"]["features"]
    assert features["audio"] == {"_type": "Audio"}
    assert table.schema.field("audio").metadata == {b"kind": b"wav first"}
    sound = table["audio"].to_pylist()[0]
    assert sound["path"] == f"{key(0).hex()}.wav"
    assert sound["bytes"][:4] == b"RIFF"


def test_it_needs_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match=r"needs pyarrow.*\[export\].*SA808"):
        write_parquet(tmp_path, some(1))
