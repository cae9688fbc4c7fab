from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record, SampleTransform, build_transform
from lightning_synthaug.data.transforms import FunctionTransform, ModuleTransform
from lightning_synthaug.errors import ConfigError, DataError

RECORDS = [Record({"image": np.full((2, 2), n, np.uint8)}) for n in range(4)]


def plus_one(image: Any) -> Any:
    return image + np.uint8(1)


def test_a_sample_transform_is_returned_as_it_is() -> None:
    transform = build_transform(plus_one, p=0.5)
    assert build_transform(transform) is transform
    assert isinstance(transform, SampleTransform)


def test_torchvision_transforms_are_known_by_their_module() -> None:
    kind = type(
        "Compose", (), {"__module__": "torchvision.transforms.v2", "__call__": lambda self, x: x}
    )
    assert isinstance(build_transform(kind()), ModuleTransform)


class Flip(torch.nn.Module):
    """Called as those of torchvision's v2 are: any number of inputs, drawn from torch's global state."""

    def forward(self, *inputs: Any) -> Any:
        flipped = [x.flip(-1) if torch.rand(()) < 0.5 else x for x in inputs]
        return flipped[0] if len(flipped) == 1 else tuple(flipped)


Flip.__module__ = "torchvision.transforms.v2._geometry"


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 3)])
def test_a_transform_of_torchvision_v2_changes_images_alone(shape: tuple[int, ...]) -> None:
    image = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    transform, record = build_transform(Flip()), Record({"image": image})
    made = [transform.apply(record, seed) for seed in range(20)]
    assert made == [transform.apply(record, seed) for seed in range(20)]
    mirrored = [bool(np.array_equal(one["image"], image[:, ::-1])) for one in made]
    assert 0 < sum(mirrored) < 20
    assert all(one == record for one, moved in zip(made, mirrored, strict=True) if not moved)
    with pytest.raises(DataError, match=r"its \['mask'\] alike.*Flip.*function of \(image, mask\)"):
        transform.apply(record.replace(mask=image), 1)


def test_a_callable_without_a_signature_is_a_plain_function() -> None:
    assert isinstance(build_transform(np.add), FunctionTransform)
    assert isinstance(build_transform(max), FunctionTransform)


def test_p_is_the_share_of_records_that_change() -> None:
    transform = build_transform(plus_one, p=0.3)
    changed = [transform.apply(RECORDS[0], seed) is not RECORDS[0] for seed in range(2000)]
    assert changed == [transform.apply(RECORDS[0], seed) is not RECORDS[0] for seed in range(2000)]
    assert 0.26 < np.mean(changed) < 0.34
    assert build_transform(plus_one, p=0).apply(RECORDS[1], 3) is RECORDS[1]
    assert build_transform(plus_one, p=1).apply(RECORDS[1], 3) == RECORDS[2]


@pytest.mark.parametrize("p", [-0.1, 1.5, 30, float("nan")])
def test_p_is_a_probability(p: float) -> None:
    with pytest.raises(
        ConfigError, match=r"`p` must be a probability in \[0, 1\], got .*\[SA211\]"
    ):
        build_transform(plus_one, p=p)


@pytest.mark.parametrize("transform", [3, "flip", [plus_one]])
def test_other_things_are_refused(transform: object) -> None:
    with pytest.raises(
        ConfigError,
        match=r"`transform` must be an albumentations transform or a function.*\[SA211\]",
    ):
        build_transform(transform)
