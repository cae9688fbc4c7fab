from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import TorchGenerator
from lightning_synthaug.generators.torch_settings import class_index, latent_shape, whole


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"latent": 0}, "`latent` must be a whole number or several, sizes of at least 1, got 0"),
        (
            {"latent": ()},
            r"`latent` must be a whole number or several, sizes of at least 1, got \(\)",
        ),
        ({"batch_size": 0}, '`batch_size` must be a whole number of at least 1, or "auto", got 0'),
        ({"latent": 4.0}, "`latent` must be a whole .*got 4.0"),
        ({"latent": "4"}, "`latent` must be a whole .*got '4'"),
        ({"latent": None}, "`latent` must be a whole .*got None"),
        ({"latent": True}, "`latent` must be a whole .*got True"),
        ({"latent": (4, 1.5)}, r"`latent` must be a whole .*got \(4, 1.5\)"),
        ({"batch_size": 2.5}, "`batch_size` must be a whole .*got 2.5"),
        ({"batch_size": True}, "`batch_size` must be a whole .*got True"),
        ({"classes": ["a"]}, r"distinct whole labels, got \['a'\]"),
        ({"classes": "ab"}, "distinct whole labels, got 'ab'"),
        ({"classes": 2.0}, "distinct whole labels, got 2.0"),
        ({"classes": 2, "class_names": ["a"]}, r"`class_names` must name each .*got \['a'\] for"),
        ({"classes": 2, "class_names": "ab"}, "`class_names` must name each .*got 'ab' for"),
        ({"class_names": ["a"]}, r"`class_names` must name each .*got \['a'\] for classes=None"),
        ({"layout": "flat", "image_size": 8}, r"`image_size` must be \(rows, columns\) or .*got 8"),
        ({"layout": "flat", "image_size": (8, 2.5)}, "`image_size` must be .*rows, columns"),
        ({"module_args": 5}, "`module_args` must be a mapping, got 5"),
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
        (
            {"classes": 0},
            "`classes` must be a count of at least 1, or distinct whole labels, got 0",
        ),
        ({"classes": [1, 1]}, r"distinct whole labels, got \[1, 1\]"),
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


def test_whole_numbers_of_any_kind_are_read() -> None:
    read = [whole(value) for value in (3, np.int64(-3), torch.tensor(4))]
    assert read == [3, -3, 4]
    odd = (True, np.bool_(True), 3.0, np.float32(3), "3", None, np.zeros(2, int), torch.ones(2))
    assert [whole(value) for value in odd] == [None] * len(odd)


@pytest.mark.parametrize("arguments", [{"module": lambda: None}, {"module_args": {"a": object()}}])
def test_a_network_that_cannot_be_named_is_refused_at_construction(arguments: Any) -> None:
    with pytest.raises(ConfigError, match="SA415"):
        TorchGenerator("w.safetensors", **{"latent": 3, "module": "a:G", **arguments})
