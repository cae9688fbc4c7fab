"""A pipeline is known by what it holds: not by place, version of a library, or files beside it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from synthaug_diffusers.identity import pipeline_digest


@pytest.fixture
def copied(folders: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders(), tmp_path / "copy"))


def rewrite(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_place_and_versions_do_not_count(folders: Any, copied: Path) -> None:
    rewrite(copied / "model_index.json", _diffusers_version="9.0", _name_or_path="elsewhere")
    rewrite(copied / "unet" / "config.json", _diffusers_version="9.0")
    rewrite(copied / "text_encoder" / "config.json", transformers_version="9.0")
    (copied / "README.md").write_text("# A pipeline")
    (copied / "all-in-one.safetensors").write_bytes(b"another form of the same weights")
    assert pipeline_digest(copied) == pipeline_digest(folders())


@pytest.mark.parametrize(
    "change",
    [
        lambda place: rewrite(place / "unet" / "config.json", act_fn="gelu"),
        lambda place: rewrite(place / "scheduler" / "scheduler_config.json", beta_end=0.02),
        lambda place: rewrite(place / "tokenizer" / "tokenizer.json", version="2"),
        lambda place: (place / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(b"other"),
    ],
    ids=["network", "scheduler", "vocabulary", "weights"],
)
def test_configurations_vocabularies_and_weights_count(
    folders: Any, copied: Path, change: Any
) -> None:
    change(copied)
    assert pipeline_digest(copied) != pipeline_digest(folders())


def test_other_weights_are_another_pipeline(folders: Any) -> None:
    assert pipeline_digest(folders(seed=1)) != pipeline_digest(folders())
