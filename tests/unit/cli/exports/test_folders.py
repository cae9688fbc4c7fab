from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from lightning_synthaug.cli.exports.folders import write_folders
from tests.unit.cli.exports.some import some
from tests.unit.store.samples import image, key


def test_each_image_is_in_the_folder_of_its_label_and_in_the_table(tmp_path: Path) -> None:
    assert write_folders(tmp_path, some(4)) == 4
    with (tmp_path / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["0", "1", "0", "1"]
    for number, row in enumerate(rows):
        assert row["file"] == f"{number % 2}/{key(number).hex()}.png"
        with Image.open(tmp_path / row["file"]) as picture:
            assert np.array_equal(np.asarray(picture), image(number)["image"])
        told = json.loads((tmp_path / row["file"]).with_suffix(".json").read_text())
        assert told["provenance"]["number"] == number
        assert row["generator"] == "gan"


def test_several_files_of_a_sample_are_named_by_field(tmp_path: Path) -> None:
    (one,) = some(1, caption="a cat")
    write_folders(tmp_path, iter([replace(one, label=None)]))
    names = {path.name.partition(".")[2] for path in (tmp_path / "unlabelled").iterdir()}
    assert names == {"image.png", "caption.txt", "json"}


def test_a_label_leads_nowhere_else(tmp_path: Path) -> None:
    (one,) = some(1)
    write_folders(tmp_path / ".", iter([replace(one, label="../../out")]))
    assert {path.name for path in tmp_path.iterdir()} == {
        "index.html",
        "labels.csv",
        "%2E%2E%2F%2E%2E%2Fout",
    }
