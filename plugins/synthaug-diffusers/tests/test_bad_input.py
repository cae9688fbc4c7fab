"""What is refused, when it is refused, and in which words."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from synthaug_diffusers import DiffusersImageToImage, DiffusersInpainting, DiffusersTextToImage

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators import Request

DULL: dict[str, Any] = {"prompt": "a scan", "steps": 2, "batch_size": 2}


@pytest.mark.parametrize(
    ("kind", "arguments", "named"),
    [
        (DiffusersTextToImage, {"steps": 0}, "steps"),
        (DiffusersTextToImage, {"guidance": -1}, "guidance"),
        (DiffusersTextToImage, {"batch_size": 0}, "batch_size"),
        (DiffusersTextToImage, {"batch_size": 2.5}, "batch_size"),
        (DiffusersTextToImage, {"steps": "20"}, "steps"),
        (DiffusersTextToImage, {"precision": "int8"}, "precision"),
        (DiffusersTextToImage, {"compile_mode": "fast"}, "compile_mode"),
        (DiffusersTextToImage, {"size": (0, 4)}, "size"),
        (DiffusersTextToImage, {"size": (4,)}, "size"),
        (DiffusersTextToImage, {"resolution": (0, 512)}, "resolution"),
        (DiffusersTextToImage, {"resolution": (500, 512)}, "resolution"),
        (DiffusersTextToImage, {"mode": "RGBA"}, "mode"),
        (DiffusersTextToImage, {"dtype": "float64"}, "dtype"),
        (DiffusersImageToImage, {"strength": 0.0}, "strength"),
        (DiffusersImageToImage, {"strength": (0.5, 1.5)}, "strength"),
        (DiffusersImageToImage, {"strength": ()}, "strength"),
        (DiffusersImageToImage, {"strength": 0.3, "steps": 3}, "steps"),
        (DiffusersImageToImage, {"controlnet": "folder"}, "control"),
        (DiffusersInpainting, {"repaint": "all"}, "repaint"),
        (DiffusersInpainting, {"area": (0.5, 0.2)}, "area"),
    ],
)
def test_an_argument_out_of_its_range_is_refused(
    kind: Any, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigError, match=rf"`{named}` must be .*, got .*SA494"):
        kind("pipeline", prompt="a scan", **arguments)


def test_a_generator_that_is_not_loaded_says_so(folders: Any, labelled: list[Request]) -> None:
    with pytest.raises(GeneratorError, match=r"must be loaded before.*SA413"):
        DiffusersTextToImage(folders(), **DULL).generate(labelled)


def test_fewer_class_names_than_labels_are_refused_by_the_label(
    folders: Any, labelled: list[Request], twins: list[Request]
) -> None:
    for generator, requests in [
        (DiffusersTextToImage(folders(), class_names=["cat"]), labelled),
        (DiffusersImageToImage(folders(), class_names=["cat"]), twins),
    ]:
        generator.load("cpu")
        with pytest.raises(
            GeneratorError, match=r"one of its labels \[0\], got 1.*class_names.*SA414"
        ):
            generator.generate(requests)


def test_a_hub_id_without_a_network_says_how_to_use_a_folder() -> None:
    wanted = r'"some/model" must be a folder, or an id .* use a folder: run .hf download some/model .*SA491'
    with pytest.raises(GeneratorError, match=wanted):
        DiffusersTextToImage("some/model", **DULL).fingerprint()
    with pytest.raises(GeneratorError, match=wanted):
        DiffusersTextToImage("some/model", **DULL).load()


@pytest.mark.parametrize("argument", ["controlnet", "loras", "words"])
def test_further_weights_that_are_not_there_say_so(folders: Any, argument: str) -> None:
    value: dict[str, Any] = {
        "controlnet": "no/such",
        "loras": {"no/such": 1.0},
        "words": {"<new>": "no/such"},
    }
    generator = DiffusersImageToImage(
        folders(), **DULL, strength=1.0, control="mask", **{argument: value[argument]}
    )
    with pytest.raises(GeneratorError, match=r'"no/such" must be a folder.*SA491'):
        generator.fingerprint()


@pytest.mark.parametrize("place", ["./pipelines/sd", "/no/such/folder", "a/b/c"])
def test_a_path_that_leads_nowhere_is_no_hub_id(place: str) -> None:
    with pytest.raises(
        GeneratorError, match=rf'"{place}" must be a folder.*nothing at /.*Correct the path.*SA491'
    ):
        DiffusersTextToImage(place, **DULL).fingerprint()


def test_a_file_of_weights_is_no_pipeline(tmp_path: Path) -> None:
    file = tmp_path / "v1-5.safetensors"
    file.write_bytes(b"")
    with pytest.raises(GeneratorError, match=r"v1-5.safetensors.*from_single_file.*SA491"):
        DiffusersTextToImage(file, **DULL).load()


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"without model_index.json.*save_pretrained.*SA491"):
        DiffusersTextToImage(tmp_path, **DULL).load()


def test_code_in_a_pipeline_is_not_run(folders: Any, tmp_path: Path) -> None:
    place = shutil.copytree(folders(), tmp_path / "copy")
    ran = tmp_path / "ran"
    (place / "pipeline.py").write_text(f"open({str(ran)!r}, 'w')\nclass Mine: pass\n")
    index = json.loads((place / "model_index.json").read_text())
    (place / "model_index.json").write_text(
        json.dumps({**index, "_class_name": ["pipeline", "Mine"]})
    )
    with pytest.raises(GeneratorError, match=r"without code of its own.*SA491"):
        DiffusersTextToImage(place, **DULL).load()
    assert not ran.exists()


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_weights_whose_names_do_not_fit_are_listed(folders: Any, tmp_path: Path, part: str) -> None:
    place = shutil.copytree(folders(), tmp_path / "copy")
    (file,) = (place / part).glob("*.safetensors")
    weights = load_file(file)
    name = sorted(weights)[-1]
    weights[f"{name}_other"] = weights.pop(name)
    save_file(weights, file, metadata={"format": "pt"})
    told = rf"missing in the file: +{re.escape(name)}\n +unexpected in the file: +{re.escape(name)}_other"
    with pytest.raises(GeneratorError, match=rf"(?s)copy/{part}.*{told}.*SA412"):
        DiffusersTextToImage(place, **DULL).load()


@pytest.mark.parametrize("part", ["unet", "text_encoder"])
def test_weights_of_another_shape_are_refused(folders: Any, tmp_path: Path, part: str) -> None:
    place = shutil.copytree(folders(), tmp_path / "copy")
    (file,) = (place / part).glob("*.safetensors")
    weights = load_file(file)
    name = sorted(weights)[0]
    save_file({**weights, name: weights[name][..., :-1].clone()}, file, metadata={"format": "pt"})
    with pytest.raises(GeneratorError, match=r"(?s)must fit.*of another shape.*SA412"):
        DiffusersTextToImage(place, **DULL).load()


def test_pickled_weights_are_not_read(folders: Any, tmp_path: Path) -> None:
    import torch

    place = shutil.copytree(folders(), tmp_path / "copy")
    file = place / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(file), file.with_suffix(".bin"))
    file.unlink()
    with pytest.raises(GeneratorError, match=r"readable safetensors.*not read.*SA411"):
        DiffusersTextToImage(place, **DULL).load()


@pytest.mark.parametrize(
    ("kind", "pipeline", "arguments", "named"),
    [
        (DiffusersImageToImage, "instruct", {}, "strength"),
        (DiffusersInpainting, "instruct", {}, "mask_image"),
        (DiffusersTextToImage, "text", {"call_args": {"image_guidance": 2.0}}, "image_guidance"),
        (DiffusersImageToImage, "text", {"strength": None}, "image"),
        (DiffusersTextToImage, "text", {"scheduler": "NoSuchScheduler"}, "NoSuchScheduler"),
        (DiffusersTextToImage, "text", {"scheduler": "UNet2DModel"}, "UNet2DModel"),
        (DiffusersImageToImage, "text", {"strength": 1.0, "control": "mask"}, "no ControlNet"),
    ],
)
def test_a_pipeline_that_lacks_an_ability_is_refused(
    folders: Any, kind: Any, pipeline: str, arguments: dict[str, Any], named: str
) -> None:
    generator = kind(folders(pipeline), prompt="a scan", **arguments)
    with pytest.raises(ConfigError, match=rf"(?s){named}.*SA492"):
        generator.load()


def test_an_unconditional_pipeline_takes_no_prompt(tmp_path: Path) -> None:
    diffusers: Any = pytest.importorskip("diffusers")
    unet = diffusers.UNet2DModel(
        sample_size=8,
        block_out_channels=(8,),
        norm_num_groups=4,
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
    )
    diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler()).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"DDPMPipeline, which takes no \['prompt'\].*SA492"):
        DiffusersTextToImage(tmp_path, prompt="a scan").load()


@pytest.mark.parametrize(
    ("fields", "arguments", "named"),
    [
        ({"picture": np.zeros((4, 4), np.uint8)}, {}, '"image"'),
        ({"image": np.zeros((4, 4, 4), np.uint8)}, {}, '"image"'),
        ({"image": np.zeros((4, 4), np.int64)}, {}, '"image"'),
        ({"image": np.zeros((4, 4), np.uint8)}, {"mask": "mask"}, '"mask"'),
        (
            {"image": np.zeros((4, 4), np.uint8), "mask": np.zeros((8, 8))},
            {"mask": "mask"},
            "4 rows and 4 columns",
        ),
    ],
)
def test_a_real_sample_that_lacks_what_is_needed_is_refused(
    folders: Any, fields: dict[str, Any], arguments: dict[str, Any], named: str
) -> None:
    generator = DiffusersInpainting(folders(), **DULL, strength=1.0, **arguments)
    generator.load()
    request = Request(label=None, number=0, twin=Record(fields))
    with pytest.raises(GeneratorError, match=rf"{named}.*SA493"):
        generator.generate([request])
    with pytest.raises(GeneratorError, match=r"a real sample in each request.*SA493"):
        generator.generate([dataclasses.replace(request, twin=None)])
