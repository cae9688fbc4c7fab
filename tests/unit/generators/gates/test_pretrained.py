from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
import torch

from lightning_synthaug.errors import GateError, MissingDependency
from lightning_synthaug.generators.gates import RewardScore
from lightning_synthaug.generators.gates.pretrained import (
    load_model,
    model_digest,
    model_folder,
    transformers_library,
)
from tests.helpers.tiny_models import save_classifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("models") / "bert")


def test_a_model_is_told_by_its_files_not_by_its_place(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    assert model_digest(copy) == model_digest(model_folder(str(folder)))
    assert RewardScore(copy).fingerprint() == RewardScore(str(folder)).fingerprint()
    (copy / "README.md").write_text("says nothing")
    assert model_digest(copy) == model_digest(folder)
    for name in ("model.safetensors", "tokenizer.json"):
        with (copy / name).open("ab") as file:
            file.write(b" ")
        changed = model_digest(copy)
        assert changed != model_digest(folder)
    other = save_classifier(tmp_path / "other", seed=1)
    assert RewardScore(other).fingerprint() != RewardScore(folder).fingerprint()


def test_weights_that_would_run_code_are_not_read(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "pickled"))
    (copy / "model.safetensors").unlink()
    torch.save({}, copy / "pytorch_model.bin")
    with pytest.raises(GateError, match=r"as safetensors, got .*no \.safetensors file.*SA457"):
        model_folder(copy)


def test_a_model_of_the_hub_that_cannot_be_had_is_named() -> None:
    with pytest.raises(GateError, match=r'got "no-such/model" \(.*SA457'):
        model_folder("no-such/model")


def test_a_model_of_the_hub_is_taken_from_its_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    kept = tmp_path / "models--some--model"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("abc")
    shutil.copytree(folder, kept / "snapshots" / "abc")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert model_digest(model_folder("some/model")) == model_digest(folder)


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    encoder = save_classifier(tmp_path / "encoder", head=False)
    kind = transformers_library().AutoModelForSequenceClassification
    with pytest.raises(GateError, match=r"no weights for classifier.*SA457"):
        load_model(kind, encoder, "cpu")


def test_what_is_no_model_is_said(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "broken"))
    (copy / "config.json").write_text("{}")
    kind = transformers_library().AutoModelForSequenceClassification
    with pytest.raises(GateError, match="SA457"):
        load_model(kind, copy, "cpu")


def test_loading_leaves_randomness_alone_and_unloading_frees(folder: Path) -> None:
    gate = RewardScore(folder, threshold=0)
    before = torch.random.get_rng_state()
    gate.load()
    assert torch.equal(before, torch.random.get_rng_state())
    assert gate.loaded is not None
    assert gate.__getstate__()["loaded"] is None
    gate.unload()
    assert gate.loaded is None


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependency, match=r"needs transformers.*\[images,text\].*SA458"):
        transformers_library()
