"""mlcroissant finds nothing wrong with an export of any format, and reads its samples."""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import mlcroissant
import numpy as np
import pytest
from etils import epath

from lightning_synthaug.cli.exports import FORMATS, export
from lightning_synthaug.cli.exports.account import Account
from lightning_synthaug.cli.exports.croissant import library, write_croissant
from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.store import Store
from tests.unit.cli.imports.test_importing import COUNT, KINDS, fill
from tests.unit.store.samples import image, key, shards

# What rdflib says of a class of its own that it uses itself, and pandas of how mlcroissant calls it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:ConjunctiveGraph is deprecated:DeprecationWarning", "ignore:The inplace keyword"
)

#: Those of the samples that have sound in a WAV file.
SOUNDS = COUNT // len(KINDS) * 3
#: What only a publisher can add.
LEFT = {"citeAs"}


@pytest.fixture(autouse=True)
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It unpacks tars here: where it does otherwise, two tars of one name are one."""
    from mlcroissant._src.operation_graph.operations import extract

    monkeypatch.setattr(extract, "EXTRACT_PATH", epath.Path(tmp_path / "unpacked"))


def exported(folder: Path, form: str, *, licence: str | None = "CC-BY-4.0") -> mlcroissant.Dataset:
    """Export a cache with samples of all kinds, and load what describes it."""
    fill(folder / "cache", licence=licence)
    with Store.open(folder / "cache") as store:
        export(store, folder / "out", to=form)
    return mlcroissant.Dataset(folder / "out" / "croissant.json")


def missing(dataset: mlcroissant.Dataset) -> set[str]:
    """Properties that are recommended and not there; anything else that is wrong fails."""
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert all("is recommended, but does not exist" in warning for warning in issues.warnings)
    return {warning.split('"')[1].rpartition("/")[2] for warning in issues.warnings}


@pytest.mark.parametrize("form", FORMATS)
def test_every_export_is_valid(tmp_path: Path, form: str) -> None:
    dataset = exported(tmp_path, form)
    assert missing(dataset) == LEFT
    metadata = dataset.metadata
    assert metadata.name == "out"
    assert metadata.license == ["https://spdx.org/licenses/CC-BY-4.0"]
    assert metadata.data_collection_type == ["Synthetic"]
    assert metadata.conforms_to[1] == "http://mlcommons.org/croissant/RAI/1.0"
    told = json.loads((tmp_path / "out" / "croissant.json").read_text())
    assert told["rai:hasSyntheticData"] is True
    assert date.fromisoformat(told["datePublished"])
    assert {f"rai:{name}" for name in ("dataUseCases", "dataLimitations", "dataBiases")} <= set(
        told
    )
    for file in metadata.file_objects:
        content = (tmp_path / "out" / file.content_url).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256


@pytest.mark.parametrize("form", FORMATS)
def test_a_licence_that_is_not_known_is_not_made_up(tmp_path: Path, form: str) -> None:
    assert missing(exported(tmp_path, form, licence=None)) == LEFT | {"license"}


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_without_samples_is_valid(tmp_path: Path, form: str) -> None:
    with Store.open(tmp_path / "cache") as store:
        export(store, tmp_path / "out", to=form)
    dataset = mlcroissant.Dataset(tmp_path / "out" / "croissant.json")
    assert missing(dataset) == LEFT | {"license"}


def test_samples_of_folders_are_read_with_their_labels(tmp_path: Path) -> None:
    shards(tmp_path / "cache", range(6))
    with Store.open(tmp_path / "cache") as store:
        export(store, tmp_path / "out", to="folders")
    dataset = mlcroissant.Dataset(tmp_path / "out" / "croissant.json")
    found = {row["images/key"].decode(): row for row in dataset.records("images")}
    assert set(found) == {key(n).hex() for n in range(6)}
    for number in range(6):
        row = found[key(number).hex()]
        assert row["images/label"] == number
        assert np.array_equal(np.asarray(row["images/content"])[..., 0], image(number)["image"])
    assert {row["samples/label"] for row in dataset.records("samples")} == set(range(6))


# mlcroissant leaves the files of a tar to the garbage collector.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_samples_of_tars_are_read(tmp_path: Path) -> None:
    dataset = exported(tmp_path, "webdataset")
    rows = list(dataset.records("samples"))
    assert {row["samples/key"] for row in rows} == {key(n).hex().encode() for n in range(COUNT)}
    assert all(json.loads(row["samples/told"])["provenance"]["name"] == "gan" for row in rows)
    sounds = [row["sounds/content"] for row in dataset.records("sounds")]
    assert len(sounds) == SOUNDS
    assert all(sound[:4] == b"RIFF" for sound in sounds)


def test_samples_of_tables_are_read(tmp_path: Path) -> None:
    dataset = exported(tmp_path, "parquet")
    rows: list[dict[str, Any]] = []
    for one in dataset.metadata.record_sets:
        rows += [
            {n.partition("/")[2]: v for n, v in row.items()} for row in dataset.records(one.id)
        ]
    by_key = {row["key"].decode(): row for row in rows}
    assert set(by_key) == {key(n).hex() for n in range(COUNT)}
    pictures = [(n, fields) for n, fields in enumerate(KINDS) if "image" in fields]
    assert len(pictures) >= 3
    for number, fields in pictures:
        row = by_key[key(number).hex()]
        assert row["label"] == fields.get("label")
        assert np.array_equal(np.asarray(row["image"]), np.squeeze(fields["image"]))


def test_it_needs_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlcroissant", None)
    with pytest.raises(MissingDependency, match=r"needs mlcroissant.*\[export\].*SA808"):
        library()
    with pytest.raises(MissingDependency, match="SA808"):
        write_croissant(tmp_path, name="x", to="folders", account=Account())
