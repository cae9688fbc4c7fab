"""LoRA weights and words of textual inversion, of the files that training scripts write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from synthaug_diffusers import DiffusersTextToImage

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import Rejection, Request


def made(folder: Path, requests: list[Request], **arguments: Any) -> list[Record | Rejection]:
    options: dict[str, Any] = {"prompt": "a scan of <new>", "steps": 2, "batch_size": 2}
    generator = DiffusersTextToImage(folder, **{**options, **arguments})
    generator.load()
    return generator.generate(requests)


@pytest.fixture
def lora(folders: Any, tmp_path: Path) -> Path:
    """A LoRA of the denoiser's attention, none of it zero."""
    diffusers: Any = pytest.importorskip("diffusers")
    peft: Any = pytest.importorskip("peft")
    unet = diffusers.UNet2DConditionModel.from_pretrained(folders(), subfolder="unet")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = ["to_q", "to_v"]
        unet.add_adapter(peft.LoraConfig(r=2, target_modules=layers, init_lora_weights=False))
    state = peft.get_peft_model_state_dict(unet)
    diffusers.StableDiffusionPipeline.save_lora_weights(tmp_path, unet_lora_layers=state)
    return tmp_path


@pytest.fixture
def word(tmp_path: Path) -> Path:
    """The embedding of a word, as textual inversion saves it."""
    place = tmp_path / "word.safetensors"
    save_file({"<old>": torch.linspace(-3, 3, 32)[None]}, place)
    return place


def test_a_lora_changes_samples_as_strongly_as_it_is_told(
    folders: Any, lora: Path, labelled: list[Request]
) -> None:
    without = made(folders(), labelled)
    outcomes = [made(folders(), labelled, loras={str(lora): s}) for s in (0.0, 0.5, 1.0)]
    assert outcomes[0] == without
    assert outcomes[1] != without != outcomes[2] != outcomes[1]


def test_a_lora_is_known_by_its_content_and_strength(folders: Any, lora: Path) -> None:
    (file,) = lora.glob("*.safetensors")
    copy = lora.parent / "elsewhere.safetensors"
    copy.write_bytes(file.read_bytes())

    def told(**loras: float) -> str:
        return DiffusersTextToImage(folders(), prompt="a scan", loras=loras).fingerprint()

    assert told(**{str(lora): 0.5}) == told(**{str(copy): 0.5}) != told(**{str(copy): 0.6})


def test_a_lora_of_other_layers_is_refused_with_their_names(
    folders: Any, lora: Path, tmp_path: Path
) -> None:
    (file,) = lora.glob("*.safetensors")
    weights = {k.replace("mid_block", "middle"): v for k, v in load_file(file).items()}
    other = tmp_path / "other.safetensors"
    save_file(weights, other)
    with pytest.raises(GeneratorError, match=r"(?s)as LoRA.*other.safetensors.*middle.*SA412"):
        made(folders(), [], loras={str(other): 1.0})


def test_a_lora_of_another_size_is_refused(folders: Any, lora: Path, tmp_path: Path) -> None:
    (file,) = lora.glob("*.safetensors")
    weights = {k: torch.cat([v, v], dim=-1) for k, v in load_file(file).items()}
    other = tmp_path / "wide.safetensors"
    save_file(weights, other)
    with pytest.raises(GeneratorError, match=r"(?s)as LoRA.*wide.safetensors.*SA412"):
        made(folders(), [], loras={str(other): 1.0})


def test_a_word_changes_the_samples_that_mention_it(
    folders: Any, word: Path, labelled: list[Request]
) -> None:
    words = {"<new>": str(word)}
    assert made(folders(), labelled, words=words) != made(folders(), labelled)
    plain = made(folders(), labelled, prompt="a scan")
    assert made(folders(), labelled, prompt="a scan", words=words) == plain


def test_a_word_of_another_size_is_refused(folders: Any, tmp_path: Path) -> None:
    place = tmp_path / "wide.safetensors"
    save_file({"<old>": torch.zeros(1, 48)}, place)
    with pytest.raises(
        GeneratorError, match=r'(?s)the word "<new>".*wide.safetensors.*incorrect shape.*SA412'
    ):
        made(folders(), [], words={"<new>": str(place)})


def test_one_of_several_files_must_be_named(folders: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_file({name: torch.zeros(1)}, tmp_path / f"{name}.safetensors")
    with pytest.raises(GeneratorError, match=r"one file of safetensors, got \['a.*'b.*SA491"):
        made(folders(), [], loras={str(tmp_path): 1.0})
