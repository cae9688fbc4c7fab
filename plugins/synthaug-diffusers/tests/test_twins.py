"""Image to image and inpainting: what is kept of a real sample, and what is made anew."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthaug_diffusers import DiffusersImageToImage, DiffusersInpainting

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Generator, Rejection, Request

DULL: dict[str, Any] = {"prompt": "a scan", "steps": 5, "batch_size": 3}


def made(generator: Generator, requests: list[Request]) -> list[Record]:
    generator.load("cpu")
    results = generator.generate(requests)
    generator.unload()
    assert all(isinstance(result, Record) for result in results)
    return results  # type: ignore[return-value]


def image(record: Record | None) -> Any:
    assert record is not None
    return np.asarray(record["image"], np.float64)


def with_image(request: Request, change: Any) -> Request:
    assert request.twin is not None
    return dataclasses.replace(
        request, twin=request.twin.replace(image=change(request.twin["image"]))
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda pixels: pixels,
        lambda pixels: pixels[..., 0],
        lambda pixels: pixels[:, :20, :1],
        lambda pixels: pixels.astype(np.float32) / 255,
    ],
    ids=["colour", "grey", "one channel", "float"],
)
@pytest.mark.parametrize("kind", [DiffusersImageToImage, DiffusersInpainting])
def test_a_variant_has_the_form_and_the_other_fields_of_its_real_sample(
    folders: Any, twins: list[Request], kind: Any, change: Any
) -> None:
    requests = [with_image(request, change) for request in twins]
    for request, record in zip(requests, made(kind(folders(), **DULL), requests), strict=True):
        assert request.twin is not None
        assert record.replace(image=0) == request.twin.replace(image=0)
        after: Any = record["image"]
        before: Any = request.twin["image"]
        assert (after.shape, after.dtype) == (before.shape, before.dtype)
        assert not np.array_equal(after, before)


def test_a_stronger_variant_owes_less_to_its_real_sample(
    folders: Any, twins: list[Request]
) -> None:
    """Between the variants of a sample and those of a black one with the same seed."""
    black = [with_image(request, np.zeros_like) for request in twins]

    def owed(strength: float) -> float:
        generator = DiffusersImageToImage(folders(), **DULL, strength=strength)
        pairs = zip(made(generator, twins), made(generator, black), strict=True)
        return float(np.mean([np.abs(image(a) - image(b)).mean() for a, b in pairs]))

    assert owed(0.2) > 2 * owed(1.0)


def test_versions_of_a_real_sample_go_through_all_strengths(
    folders: Any, twins: list[Request]
) -> None:
    generator = DiffusersImageToImage(folders(), **DULL, strength=(0.3, 0.5, 0.7))
    for request in twins:
        versions = [dataclasses.replace(request, version=number) for number in range(3)]
        told = {generator.particulars(version)["strength"] for version in versions}
        assert told == {0.3, 0.5, 0.7}
    first = {generator.particulars(request)["strength"] for request in twins}
    assert len(first) > 1, "real samples begin at different strengths"


def test_each_strength_is_what_the_pipeline_is_called_with(
    folders: Any, twins: list[Request]
) -> None:
    """Requests of several strengths in one call give what each gives with its strength alone."""
    several = DiffusersImageToImage(folders(), **{**DULL, "batch_size": 2}, strength=(0.4, 0.8))
    together = made(several, twins)
    for request, record in zip(twins, together, strict=True):
        strength = several.particulars(request)["strength"]
        alone = DiffusersImageToImage(folders(), **{**DULL, "batch_size": 1}, strength=strength)
        assert made(alone, [request]) == [record]


@pytest.mark.parametrize("strength", [None, 0.8])
@pytest.mark.parametrize("control", ["mask", lambda pixels: np.roll(pixels, 5, axis=0)], ids=str)
def test_a_controlnet_sees_what_it_is_shown(
    folders: Any, controlnet: Path, twins: list[Request], strength: float | None, control: Any
) -> None:
    def guided(shown: Any) -> list[Record]:
        generator = DiffusersImageToImage(
            folders(), **DULL, controlnet=controlnet, control=shown, strength=strength
        )
        return made(generator, twins)

    seen = guided(control)
    assert seen == guided(control)
    assert seen != guided(np.zeros_like)


def test_a_controlnet_is_part_of_the_fingerprint(folders: Any, controlnet: Path) -> None:
    without = DiffusersImageToImage(folders(), **DULL)
    guided = DiffusersImageToImage(folders(), **DULL, controlnet=controlnet, control="mask")
    alone = dataclasses.replace(guided, controlnet=None)
    assert len({g.fingerprint() for g in (without, guided, alone)}) == 3


def test_an_instruction_edits_the_real_image(folders: Any, twins: list[Request]) -> None:
    def edited(requests: list[Request], **call: float) -> list[Record]:
        generator = DiffusersImageToImage(
            folders("instruct"), **DULL, strength=None, call_args=call
        )
        return made(generator, requests)

    black = [with_image(request, np.zeros_like) for request in twins]
    same_seed = [dataclasses.replace(b, seed=t.seed) for b, t in zip(black, twins, strict=True)]
    one, other = edited(twins), edited(same_seed)
    assert all(not np.array_equal(image(a), image(b)) for a, b in zip(one, other, strict=True))
    assert edited(twins, image_guidance_scale=3.0) != one


@pytest.mark.parametrize("kind", ["text", "inpaint"])
@pytest.mark.parametrize("repaint", ["outside", "inside"])
def test_inpainting_keeps_one_side_of_the_mask_to_the_byte(
    folders: Any, twins: list[Request], kind: str, repaint: Any
) -> None:
    generator = DiffusersInpainting(
        folders(kind), **DULL, strength=1.0, mask="mask", repaint=repaint
    )
    for request, record in zip(twins, made(generator, twins), strict=True):
        assert request.twin is not None
        marked = np.asarray(request.twin["mask"]) != 0
        painted = ~marked if repaint == "outside" else marked
        before, after = image(request.twin), image(record)
        np.testing.assert_array_equal(after[~painted], before[~painted])
        assert (after[painted] != before[painted]).mean() > 0.5


def test_a_drawn_box_covers_the_share_of_the_image_that_was_asked_for(
    folders: Any, twins: list[Request]
) -> None:
    generator = DiffusersInpainting(folders(), **DULL, area=(0.2, 0.3))
    boxes = [generator._painted(dataclasses.replace(twins[0], seed=seed)) for seed in range(50)]
    shares = [box.mean() for box in boxes]
    assert min(shares) > 0.17
    assert max(shares) < 0.33
    assert len({box.tobytes() for box in boxes}) > 40
    changed = image(made(generator, twins[:1])[0]) != image(twins[0].twin)
    assert not (changed.any(axis=2) & ~generator._painted(twins[0])).any()


def test_a_mask_that_leaves_nothing_to_paint_is_a_rejection(
    folders: Any, twins: list[Request]
) -> None:
    generator = DiffusersInpainting(folders(), **DULL, mask="mask", repaint="inside")
    assert twins[0].twin is not None
    empty = twins[0].twin.replace(mask=np.zeros((28, 28), np.uint8))
    generator.load("cpu")
    results = generator.generate([dataclasses.replace(twins[0], twin=empty), twins[1]])
    assert results[0] == Rejection("the mask leaves nothing to paint")
    assert isinstance(results[1], Record)
