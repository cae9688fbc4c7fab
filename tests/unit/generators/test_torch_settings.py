from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import TorchGenerator
from lightning_synthaug.generators.torch_settings import class_index, latent_shape, plain


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"latent": 0}, "`latent` must be sizes of at least 1, got 0"),
        ({"latent": ()}, r"`latent` must be sizes of at least 1, got \(\)"),
        ({"batch_size": 0}, "`batch_size` must be at least 1, got 0"),
        ({"noise": "pink"}, "`noise` must be .*got 'pink'"),
        ({"dtype": "float16"}, "`dtype` must be .*got 'float16'"),
        ({"layout": "NCHW"}, "`layout` must be .*got 'NCHW'"),
        (
            {"output_range": (1, 0)},
            r"`output_range` must be two numbers, low then high, got \(1, 0\)",
        ),
        ({"output_range": 1}, "`output_range` must be two numbers, low then high, got 1"),
        ({"output_range": (0, float("nan"))}, "`output_range` must be two numbers"),
        ({"layout": "flat"}, '`image_size` must be given for layout "flat"'),
        ({"image_size": (2, 2)}, '`image_size` must be given for layout "flat"'),
        (
            {"layout": "flat", "image_size": (4,)},
            r"`image_size` must be \(rows, columns\) or .*got \(4,\)",
        ),
        ({"label_input": "embedding"}, "`label_input` must be .*got 'embedding'"),
        ({"label_input": "index"}, "classes=None and label_input='index'"),
        ({"classes": 3, "label_input": "none"}, "classes=3 and label_input='none'"),
        ({"classes": 0}, "`classes` must be a count of at least 1, or distinct labels, got 0"),
        ({"classes": [1, 1]}, r"distinct labels, got \[1, 1\]"),
        ({"classes": {1, 2}}, r"`classes` must have an order, got \{1, 2\}"),
    ],
)
def test_bad_arguments_are_refused_at_construction(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=f"{match}.*SA410"):
        TorchGenerator("w.safetensors", module="a:G", **{"latent": 3, **arguments})


@pytest.mark.parametrize("weights", ["w.pt2", "w.pt", "w.safetensors"])
def test_a_program_must_be_trusted(weights: str) -> None:
    with pytest.raises(ConfigError, match=r"got trust_program=False for .*module=MyGen.*SA418"):
        TorchGenerator(weights, latent=3)
    assert TorchGenerator(weights, latent=3, trust_program=True).trust_program
    assert not TorchGenerator(weights, latent=3, module="a:G").trust_program


def test_classes_are_a_count_or_labels_in_order() -> None:
    assert class_index(None) == {}
    assert class_index(2) == {0: 0, 1: 1}
    assert class_index([7, 2]) == {7: 0, 2: 1}


def test_latent_is_a_size_or_a_shape() -> None:
    assert latent_shape(5) == (5,)
    assert latent_shape([5, 1, 1]) == (5, 1, 1)


def test_module_arguments_become_plain() -> None:
    assert plain((1, ["a", None])) == [1, ["a", None]]
    assert plain(1j) == "1j"
