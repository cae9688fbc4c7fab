from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.generators.torch_output import OutputForm, RangeWatch


def form(**changes: Any) -> OutputForm:
    return OutputForm(
        **{
            "layout": "CHW",
            "image_size": None,
            "output_range": (0.0, 1.0),
            "dtype": "uint8",
            **changes,
        }
    )


RGB = np.random.default_rng(0).random((2, 4, 5, 3), dtype=np.float32)
GREY = RGB[..., 0]


@pytest.mark.parametrize(
    ("changes", "output", "expected"),
    [
        ({"layout": "HWC"}, RGB, RGB),
        ({"layout": "CHW"}, RGB.transpose(0, 3, 1, 2), RGB),
        ({"layout": "CHW"}, GREY[:, None], GREY),
        ({"layout": "HWC"}, GREY[..., None], GREY),
        ({"layout": "HW"}, GREY, GREY),
        ({"layout": "flat", "image_size": (4, 5)}, GREY.reshape(2, -1), GREY),
        (
            {"layout": "flat", "image_size": (3, 4, 5)},
            RGB.transpose(0, 3, 1, 2).reshape(2, -1),
            RGB,
        ),
    ],
)
def test_every_layout_ends_with_channels_last(
    changes: dict[str, Any], output: np.ndarray, expected: np.ndarray
) -> None:
    tensor = torch.from_numpy(output.copy())
    images, finite = form(**changes).images(tensor, rows=2, name="g")
    assert images.dtype == np.uint8
    assert finite.all()
    np.testing.assert_array_equal(images, np.rint(expected * 255).astype(np.uint8))
    floats, _ = form(**changes, dtype="float32").images(tensor, rows=2, name="g")
    np.testing.assert_allclose(floats, expected, atol=1e-6)


def test_range_is_stretched_and_clipped() -> None:
    output = torch.tensor([[[-1.0, 0.0, 1.0, 1.5]]])
    images, _ = form(layout="HW", output_range=(-1, 1)).images(output, rows=1, name="g")
    assert images.tolist() == [[[0, 128, 255, 255]]]


def test_half_precision_is_read() -> None:
    images, _ = form(layout="HW").images(torch.ones(1, 2, 2).half(), rows=1, name="g")
    assert images.min() == 255


def test_rows_that_are_not_finite_are_marked() -> None:
    output = torch.zeros(3, 2, 2)
    output[1, 0, 0] = float("nan")
    output[2, 0, 0] = float("inf")
    images, finite = form(layout="HW").images(output, rows=3, name="g")
    assert finite.tolist() == [True, False, False]
    assert images.shape == (3, 2, 2)
    assert not form(layout="HW").images(output[1:], rows=2, name="g")[1].any()


@pytest.mark.parametrize(
    ("changes", "output", "match"),
    [
        ({}, [1], r"one tensor.*\n  asked: torch.Tensor\n  got:   builtins.list\n.*SA416"),
        (
            {},
            torch.zeros(2, 4, 5),
            r'4 dimensions for layout "CHW", 2 rows\n  got:   \[2, 4, 5\]\n.*SA416',
        ),
        ({}, torch.zeros(3, 1, 4, 5), r"got:   \[3, 1, 4, 5\]\n.*SA416"),
        (
            {"layout": "flat", "image_size": (4, 4)},
            torch.zeros(2, 20),
            r"asked: \[4, 4\]\n  got:   \[2, 20\]\n.*SA416",
        ),
        (
            {},
            torch.full((2, 1, 4, 5), 200.0),
            r"asked: \(0.0, 1.0\)\n  got:   200 to 200, 100% outside\n.*SA417",
        ),
        (
            {},
            torch.linspace(-0.5, 1.0, 40).reshape(2, 1, 4, 5),
            r"-0.5 to 1, 30% outside\n.*SA417",
        ),
        (
            {"layout": "HWC"},
            torch.zeros(2, 3, 8, 8),
            r"1, 3 or 4 channels .*\n  asked: HWC\n  got:   \[2, 3, 8, 8\]\n.*SA416",
        ),
        (
            {},
            torch.zeros(2, 8, 8, 3),
            r"1, 3 or 4 channels .*\n  asked: CHW\n  got:   \[2, 8, 8, 3\]\n.*SA416",
        ),
    ],
)
def test_other_output_is_refused(changes: dict[str, Any], output: Any, match: str) -> None:
    with pytest.raises(GeneratorContractBroken, match=match):
        form(**changes).images(output, rows=2, name="g")


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("declared", "low", "high", "doubt"),
    [
        ((-1, 1), -1, 1, None),
        ((-1, 1), -0.2, 1, None),
        ((0, 1), 0.6, 0.9, None),
        ((-1, 1), 0, 1, "no value lies below zero"),
        ((0, 255), 0, 1, "0.4% of it"),
        ((0, 255), -1, 1, "0.4% of it"),
        ((0, 1), 0.5, 0.5, "0.0% of it"),
    ],
)
def test_a_part_of_the_range_that_is_never_used_is_doubted(
    dtype: Any,
    declared: tuple[float, float],
    low: float,
    high: float,
    doubt: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    judged = form(layout="HW", output_range=declared, dtype=dtype)
    images, _ = judged.images(torch.linspace(low, high, 64).reshape(4, 4, 4), rows=4, name="g")
    judged.warn(images, name="g")
    assert bool(caplog.text) == (doubt is not None)
    assert doubt is None or doubt in caplog.text


def test_an_odd_sample_or_two_do_not_make_a_range_wrong_and_many_do() -> None:
    watch = RangeWatch(several=4)
    good, odd = torch.rand(1, 1, 4, 5), torch.full((1, 1, 4, 5), -2.0)

    def look(*rows: torch.Tensor, distinct: int | None = None) -> None:
        form().images(torch.cat(rows), rows=len(rows), name="g", distinct=distinct, watch=watch)

    look(odd, odd, odd, odd, distinct=1)  # padding is no further sample
    for _ in range(5):
        look(good)
    look(odd)
    look(good)
    with pytest.raises(GeneratorContractBroken, match=r"50% outside\n.*SA417"):
        look(odd)
