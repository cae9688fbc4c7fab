from __future__ import annotations

from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np

from lightning_synthaug.cli.exports import FORMATS
from lightning_synthaug.cli.exports.account import Account
from lightning_synthaug.cli.exports.layouts import Parts, parts
from tests.unit.cli.exports.some import some

SOUND = {"audio": np.zeros(8, np.int16), "rate": 8000, "raw": b"x"}


def described(folder: Path, to: str, **fields: Any) -> Parts:
    """Write some samples, and describe them."""
    account = Account()
    FORMATS[to](folder, account.passing(some(3, **fields), signed=False))
    return parts(mlcroissant, folder, to=to, account=account)


def fields(found: Parts) -> dict[str, list[str]]:
    """Names of fields by record set."""
    return {one.name: [field.name for field in one.fields] for one in found.record_sets}


def test_a_table_and_files_of_each_kind_make_a_folder(tmp_path: Path) -> None:
    found = described(tmp_path, "folders", **SOUND)
    ids = [one.id for one in found.distribution]
    assert ids == ["labels.csv", "bin-files", "json-files", "png-files", "wav-files"]
    assert found.distribution[-1].includes == ["*/*.wav"]
    assert fields(found) == {
        "samples": ["key", "label", "generator", "file", "fields"],
        "images": ["key", "file", "content", "label"],
        "sounds": ["key", "file", "content", "label"],
    }
    assert found.record_sets[0].fields[1].data_types == [mlcroissant.DataType.INTEGER]


def test_files_of_tars_are_in_all_of_them(tmp_path: Path) -> None:
    found = described(tmp_path, "webdataset", text="a")
    tar, *sets = found.distribution
    assert (tar.id, tar.content_size) == (
        "shard-000000.tar",
        f"{(tmp_path / tar.id).stat().st_size} B",
    )
    assert [one.id for one in sets] == ["cls-files", "json-files", "png-files", "txt-files"]
    assert all(one.contained_in == [tar.id] for one in sets)
    assert fields(found) == {
        "samples": ["key", "told"],
        "images": ["key", "file", "content"],
        "texts": ["key", "file", "content"],
    }


def test_each_table_has_records_of_its_columns(tmp_path: Path) -> None:
    found = described(tmp_path, "parquet", **SOUND, **{"two words": "a"})
    assert [one.id for one in found.distribution] == ["samples-0.parquet"]
    (table,) = found.record_sets
    names = ["key", "label", "image", "audio", "two%20words", "rate", "provenance"]
    assert [field.name.replace(" ", "%20") for field in table.fields] == names
    types = {field.name: field.data_types[0] for field in table.fields}
    assert types["image"] == mlcroissant.DataType.IMAGE_OBJECT
    assert types["audio"] == mlcroissant.DataType.AUDIO_OBJECT
    assert types["rate"] == types["label"] == mlcroissant.DataType.INTEGER
    assert " " not in "".join(field.id for field in table.fields)


def test_nothing_is_described_by_nothing(tmp_path: Path) -> None:
    for to in ("webdataset", "parquet"):
        assert parts(mlcroissant, tmp_path, to=to, account=Account()) == ([], [])
