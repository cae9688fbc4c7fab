"""What was exported comes back as it was, under its key, from each format; what is no sample is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.cli.exports import FORMATS, export
from lightning_synthaug.cli.imports import import_samples
from lightning_synthaug.cli.marking import Signing
from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.store import NewSample, Store
from tests.helpers.certificates import credentials
from tests.unit.store.samples import key

RNG = np.random.default_rng(0)
KINDS: list[dict[str, Any]] = [
    {"image": RNG.integers(0, 255, (6, 5, 3), np.uint8), "label": 3},
    {"image": RNG.integers(0, 255, (6, 5, 1), np.uint8), "label": 1},
    {"image": RNG.integers(0, 255, (6, 5), np.uint8)},
    {"wave": RNG.normal(size=40).astype(np.float32), "label": 0, "rate": 16000, "clean": True},
    {"text": "two\nlines é", "label": -1, "score": 0.25},
    {"image": RNG.integers(0, 255, (4, 4), np.uint8), "mask": np.eye(4, dtype=bool), "a.b/c": "x"},
    {"raw": b"\x93NUMPY", "label": 2},
    {"text": "a", "label": "spam", "key": 7, "provenance": "hearsay"},
    {"label": 0.5, "key": b"k", "field.key": "f", "a%20b": 1},
    {"label": True, "key": "k"},
    {"label": np.array(4), "provenance": RNG.normal(size=3)},
    {"label": 5, "told": 6},
    {"audio": RNG.normal(size=50).astype(np.float32), "rate": 16000, "label": 1},
    {"audio": RNG.integers(-9, 9, (2, 50), np.int16), "rate": 8000},
    {"audio": RNG.normal(size=(50, 1)).astype(np.float32), "rate": 1, "text": "a"},
    {"audio": RNG.normal(size=(80, 50)).astype(np.float32), "rate": 16000},
]
#: Where the label that was asked for is another than the record's own.
ASKED = {4: 2, 11: 9}
COUNT = 4 * len(KINDS)


def fill(folder: Path, *, licence: str | None = None) -> dict[bytes, tuple[Record, dict[str, Any]]]:
    """Store samples of all kinds."""
    samples = []
    for number in range(COUNT):
        fields = KINDS[number % len(KINDS)]
        told: dict[str, Any] = {"name": "gan", "number": number, "licence": licence}
        asked = ASKED.get(number % len(KINDS), fields.get("label"))
        if type(asked) is int:
            told["label"] = asked
        samples.append(NewSample(key(number), Record(fields), told))
    with Store.open(folder) as store:
        store.put(samples)
    return {s.key: (s.record, dict(s.provenance)) for s in samples}


def content(folder: Path) -> dict[bytes, tuple[Record | None, dict[str, Any]]]:
    with Store.open(folder) as store:
        return {s.key: (store.reader.read(s.shard, s.row), s.provenance) for s in store.samples()}


@pytest.mark.parametrize("form", FORMATS)
def test_samples_come_back_as_they_were(tmp_path: Path, form: str) -> None:
    before = fill(tmp_path / "one")
    with Store.open(tmp_path / "one") as store:
        export(store, tmp_path / "out", to=form)
    steps: list[int] = []
    with Store.open(tmp_path / "two") as store:
        assert import_samples(store, tmp_path / "out", progress=steps.append) == (COUNT, 0, 0)
        assert import_samples(store, tmp_path / "out") == (0, COUNT, 0)
    assert content(tmp_path / "two") == before
    assert sum(steps) == COUNT


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_damaged_is_left_out(tmp_path: Path, form: str) -> None:
    before = fill(tmp_path / "one")
    with Store.open(tmp_path / "one") as store:
        export(store, tmp_path / "out", to=form)
    about = ("labels.csv", "croissant.json", "README.md")
    files = sorted(p for p in (tmp_path / "out").rglob("*") if p.is_file() and p.name not in about)
    for path in files[::5]:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Store.open(tmp_path / "two") as store:
        new, known, damaged = import_samples(store, tmp_path / "out")
    assert known == 0
    assert damaged
    assert new < COUNT
    after = content(tmp_path / "two")
    assert after.items() <= before.items() if form != "folders" else after.keys() <= before.keys()


def test_nothing_in_an_export_is_believed(tmp_path: Path) -> None:
    fill(tmp_path / "one")
    with Store.open(tmp_path / "one") as store:
        export(store, tmp_path / "out", to="folders")
    told = sorted((tmp_path / "out").glob("*/*.json"))
    evil: list[dict[str, Any]] = [
        {"key": "zz"},
        {"key": "00"},
        {"fields": {"label": [1]}},
        {"fields": {"": 1}},
        {"fields": None},
        {"provenance": [1]},
        {"provenance": "x"},
        {"files": ["../../../etc/passwd.txt", "x.txt"]},
        {"files": 3},
    ]
    for path, change in zip(told, evil, strict=False):
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with Store.open(tmp_path / "two") as store:
        assert import_samples(store, tmp_path / "out") == (COUNT - len(evil), 0, len(evil))
        assert store.verify() == []


@pytest.mark.parametrize("form", FORMATS)
def test_signed_samples_come_back_as_they_were(tmp_path: Path, form: str) -> None:
    before, own = fill(tmp_path / "one"), credentials(tmp_path)
    with Store.open(tmp_path / "one") as store:
        done = export(store, tmp_path / "out", to=form, signing=Signing(own.chain, own.key))
    assert done.signed == 4 * 7
    with Store.open(tmp_path / "two") as store:
        assert import_samples(store, tmp_path / "out") == (COUNT, 0, 0)
    assert content(tmp_path / "two") == before


def test_an_export_of_before_there_was_sound_is_read(tmp_path: Path) -> None:
    before = fill(tmp_path / "one")
    with Store.open(tmp_path / "one") as store:
        export(store, tmp_path / "out", to="folders")
    for path in (tmp_path / "out").glob("*/*.json"):
        told = json.loads(path.read_text())
        if not told.pop("waves"):
            path.write_text(json.dumps(told))
    with Store.open(tmp_path / "two") as store:
        assert import_samples(store, tmp_path / "out") == (COUNT, 0, 0)
    assert content(tmp_path / "two") == before


def test_another_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat.png").touch()
    with Store.open(tmp_path / "store") as store:
        for source in (tmp_path, tmp_path / "none"):
            with pytest.raises(ConfigError, match="SA813"):
                import_samples(store, source)
