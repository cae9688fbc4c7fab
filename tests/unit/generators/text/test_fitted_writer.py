from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.fitting import load_fitted
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.generators.fitted_on import DIGESTS, text_digest
from lightning_synthaug.generators.text.fitted_writer import FittedWriter, fitted_prompt
from tests.helpers.fitted_language import fit_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("language")
    fit_tiny(made)
    return made


def writer(folder: Path, **more: Any) -> FittedWriter:
    made: Any = load_fitted(folder / "fitted", **{"longest": 12, "batch_size": 4, **more})
    made.load()
    return made  # type: ignore[no-any-return]


def asked(count: int, seed: int = 3) -> list[Request]:
    return [Request(9 if i % 2 else 4, i, seed=seed + 17 * i) for i in range(count)]


def test_texts_have_the_label_asked_for_and_follow_their_seeds(folder: Path) -> None:
    generator = writer(folder)
    results = generator.generate(asked(9))
    records = [r for r in results if isinstance(r, Record)]
    assert len(records) > 5
    assert {r["label"] for r in records} == {4, 9} == generator.labels
    assert [generator.generate([request])[0] for request in asked(9)] == results
    assert pickle.loads(pickle.dumps(generator)).fingerprint() == generator.fingerprint()
    assert generator.generate(asked(9, seed=5)) != results
    assert generator.label_names() == {4: "four", 9: "nine"}
    generator.unload()
    with pytest.raises(GeneratorError, match="SA413"):
        generator.generate(asked(1))


def test_other_labels_are_refused(folder: Path) -> None:
    with pytest.raises(GeneratorError, match=r"one of the labels \[4, 9\], got 1.*SA414"):
        writer(folder).generate([Request(1, 0)])


def test_what_was_fitted_on_is_turned_down(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "fitted"
    shutil.copytree(folder / "fitted", copy)
    (made,) = writer(folder, temperature=0.0).generate([Request(4, 0)])
    assert isinstance(made, Record)
    np.save(copy / DIGESTS, np.array([text_digest(made["text"])], np.uint64))
    again = writer(tmp_path, temperature=0.0)
    assert again.generate([Request(4, 0)]) == [Rejection("the same as a text that was fitted on")]
    assert again.fingerprint() != writer(folder, temperature=0.0).fingerprint()


def test_the_fingerprint_needs_no_model_and_no_place(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder / "fitted", tmp_path / "elsewhere")
    moved = load_fitted(copy, model="/nowhere")
    assert moved.fingerprint() == load_fitted(folder / "fitted").fingerprint()
    assert moved.fingerprint() != load_fitted(copy, temperature=0.5).fingerprint()
    with pytest.raises(GeneratorError, match=r"\(`model` must be a folder.*SA834"):
        moved.load()


def test_gates_are_on_by_default(folder: Path) -> None:
    names = [gate.name for gate in load_fitted(folder / "fitted").default_gates()]
    assert names == ["valid text", "label", "near_duplicate", "repetition"]


def test_what_is_unknown_or_damaged_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"got \['spread'\] for a language model.*SA449"):
        load_fitted(folder / "fitted", spread=0.5)
    with pytest.raises(ConfigError, match="SA481"):
        load_fitted(folder / "fitted", temperature=-1.0)
    with pytest.raises(ConfigError, match="SA481"):
        fitted_prompt("without a place")
    copy = shutil.copytree(folder / "fitted", tmp_path / "copy")
    card = json.loads((copy / "card.json").read_text())
    (copy / "card.json").write_text(json.dumps({**card, "base": {"model": "x"}}))
    with pytest.raises(GeneratorError, match=r"'base.revision' as str|'base.digest' as str.*SA443"):
        load_fitted(copy)
