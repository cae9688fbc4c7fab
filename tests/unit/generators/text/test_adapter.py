from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
import torch

from lightning_synthaug.errors import GeneratorError, MissingDependency
from lightning_synthaug.generators.text.adapter import Adapter
from lightning_synthaug.generators.text.pretrained import model_digest, read_model
from tests.helpers.fitted_language import fit_tiny
from tests.helpers.tiny_language import save_causal


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("language")
    fit_tiny(made)
    return made


def test_a_merged_model_says_what_the_adapted_one_does(folder: Path) -> None:
    import peft

    words = torch.arange(12)[None] + 20
    base = folder / "base"
    plain, _ = read_model(base, None, device="cpu", dtype="float32")
    adapter = Adapter(folder / "fitted", model_digest(base))
    merged = adapter.merged(read_model(base, None, device="cpu", dtype="float32")[0])
    assert type(merged) is type(plain)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        other, _ = read_model(base, None, device="cpu", dtype="float32")
        beside = peft.PeftModel.from_pretrained(other, str(folder / "fitted"))(words).logits
        before, after = plain(words).logits, merged(words).logits
    torch.testing.assert_close(after, beside, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(before, after, atol=1e-2)


def test_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    adapter = Adapter(folder / "fitted", model_digest(folder / "base"))
    adapter.check(folder / "base", None)
    with pytest.raises(GeneratorError, match=r"digest [0-9a-f]{32}, got .* \(digest .*SA834"):
        adapter.check(save_causal(tmp_path / "other", seed=1), None)
    with pytest.raises(GeneratorError, match=r"nowhere.*SA834"):
        adapter.check(tmp_path / "nowhere", None)


def test_the_library_is_named_when_it_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingDependency, match=r"must have the library `peft`.*\[lora\].*SA832"):
        Adapter(folder / "fitted", "0").merged(torch.nn.Linear(2, 2))
