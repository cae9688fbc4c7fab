"""Text to image: what is made follows prompt, seed and arguments, in the data set's form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from synthaug_diffusers import DiffusersTextToImage

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Rejection, Request

PETS: dict[str, Any] = {"class_names": ["cat", "dog"], "steps": 2, "batch_size": 3}


def made(generator: DiffusersTextToImage, requests: list[Request]) -> list[Record | Rejection]:
    generator.load("cpu")
    try:
        return generator.generate(requests)
    finally:
        generator.unload()


def images(folder: Any, requests: list[Request], **arguments: Any) -> np.ndarray:
    records = made(DiffusersTextToImage(folder, **{**PETS, **arguments}), requests)
    return np.stack([record["image"] for record in records if isinstance(record, Record)])


@pytest.mark.parametrize(
    ("arguments", "shape", "dtype"),
    [
        ({}, (32, 32, 3), np.uint8),
        ({"size": (10, 20)}, (10, 20, 3), np.uint8),
        ({"size": (8, 8), "mode": "L", "dtype": "float32"}, (8, 8), np.float32),
        ({"resolution": (16, 48)}, (16, 48, 3), np.uint8),
    ],
)
def test_samples_have_the_form_that_was_asked_for(
    folders: Any, labelled: list[Request], arguments: dict[str, Any], shape: Any, dtype: Any
) -> None:
    records = made(DiffusersTextToImage(folders(), **{**PETS, **arguments}), labelled)
    for request, record in zip(labelled, records, strict=True):
        assert isinstance(record, Record)
        image = record["image"]
        assert isinstance(image, np.ndarray)
        assert (image.shape, image.dtype) == (shape, dtype)
        assert record["label"] == request.label
        assert image.max() <= (1 if dtype == np.float32 else 255)
        assert image.min() < image.max()


def test_a_sample_is_what_the_pipeline_makes_of_its_prompt_and_seed(
    folders: Any, labelled: list[Request]
) -> None:
    """The same pipeline, called by hand with the same batch, gives the same bytes."""
    diffusers: Any = pytest.importorskip("diffusers")
    import torch

    pipeline = diffusers.DiffusionPipeline.from_pretrained(folders())
    pipeline.set_progress_bar_config(disable=True)
    rows = [*labelled[3:5], labelled[4]]
    by_hand = pipeline(
        prompt=[f"a photo of a {('cat', 'dog')[r.label or 0]}" for r in rows],
        num_inference_steps=2,
        generator=[torch.Generator().manual_seed(r.seed) for r in rows],
        output_type="np",
    ).images
    ours = images(folders(), labelled)
    np.testing.assert_array_equal(ours[3:5], np.rint(by_hand[:2] * 255).astype(np.uint8))


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "a painting of a {label}"},
        {"negative_prompt": "blurred"},
        {"steps": 3},
        {"guidance": 1.0},
        {"scheduler": "DDPMScheduler"},
        {"call_args": {"guidance_rescale": 0.7}},
        {"precision": "bfloat16"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_the_samples_changes_the_fingerprint(
    folders: Any, labelled: list[Request], change: dict[str, Any]
) -> None:
    before, after = images(folders(), labelled), images(folders(), labelled, **change)
    assert not np.array_equal(before, after)
    one, other = (DiffusersTextToImage(folders(), **{**PETS, **c}) for c in ({}, change))
    assert one.fingerprint() != other.fingerprint()


def test_without_class_names_samples_have_no_label(folders: Any) -> None:
    generator = DiffusersTextToImage(folders(), prompt="a street", steps=2, batch_size=2)
    assert generator.conditioning == "none"
    (record,) = made(generator, [Request(label=None, number=0, seed=5)])
    assert isinstance(record, Record)
    assert set(record) == {"image"}


def test_an_image_that_the_safety_checker_flags_is_a_rejection(
    folders: Any, labelled: list[Request], tmp_path: Any
) -> None:
    """A real checker of random weights, with thresholds at which it lets all pass, or none."""
    diffusers: Any = pytest.importorskip("diffusers")
    import transformers

    small = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    vision = {**small, "image_size": 32, "patch_size": 8}
    config = transformers.CLIPConfig(vision_config=vision, text_config=small, projection_dim=8)
    checker = diffusers.pipelines.stable_diffusion.StableDiffusionSafetyChecker(config)
    eyes = transformers.CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    parts = {**diffusers.DiffusionPipeline.from_pretrained(folders()).components}
    for name, threshold in (("strict", -1.0), ("lenient", 1.1)):
        checker.concept_embeds_weights.data.fill_(threshold)
        checker.special_care_embeds_weights.data.fill_(1.1)
        guarded = {**parts, "safety_checker": checker, "feature_extractor": eyes}
        diffusers.StableDiffusionPipeline(**guarded).save_pretrained(tmp_path / name)
    flagged = made(DiffusersTextToImage(tmp_path / "strict", **PETS), labelled)
    assert flagged == [Rejection("flagged by the pipeline's safety checker")] * len(labelled)
    passed = made(DiffusersTextToImage(tmp_path / "lenient", **PETS), labelled)
    assert passed == made(DiffusersTextToImage(folders(), **PETS), labelled)


def test_a_pipeline_that_returns_no_numbers_gives_rejections(
    folders: Any, labelled: list[Request]
) -> None:
    generator = DiffusersTextToImage(folders(), **PETS)
    generator.load("cpu")
    assert generator._running is not None
    generator._running.pipeline.vae.decoder.conv_out.bias.data.fill_(float("nan"))
    assert generator.generate(labelled[:1]) == [Rejection("the pipeline returned NaN or infinity")]


def test_compiled_samples_are_as_the_others(
    folders: Any, labelled: list[Request], tmp_path: Any
) -> None:
    """With a denoiser of few layers, since compiling takes seconds a layer."""
    diffusers: Any = pytest.importorskip("diffusers")

    parts = diffusers.DiffusionPipeline.from_pretrained(folders()).components
    parts["unet"] = diffusers.UNet2DConditionModel(
        sample_size=16,
        cross_attention_dim=32,
        block_out_channels=(8,),
        layers_per_block=1,
        norm_num_groups=4,
        down_block_types=("DownBlock2D",),
        mid_block_type=None,
        up_block_types=("UpBlock2D",),
    )
    diffusers.StableDiffusionPipeline(**parts).save_pretrained(tmp_path)
    plain = images(tmp_path, labelled).astype(int)
    compiled = images(tmp_path, labelled, compile_mode="default").astype(int)
    assert abs(plain - compiled).max() <= 1
