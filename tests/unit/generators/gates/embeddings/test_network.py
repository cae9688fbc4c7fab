from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError, GeneratorError
from lightning_synthaug.generators.gates import LabelConsistency, RealSamples
from lightning_synthaug.generators.gates.embeddings import TorchEmbedding
from lightning_synthaug.generators.request import Request
from tests.helpers.samples import pictures


class Encoder(nn.Module):
    """Three numbers of an image; in training mode some are left out."""

    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.layer = nn.Linear(768, width)
        self.drop = nn.Dropout(0.5)

    def forward(self, images: Tensor) -> Tensor:
        return self.drop(self.layer(images))


def flattened(records: list[Record]) -> Tensor:
    return torch.stack(
        [torch.tensor(np.asarray(r["image"]) / 255.0).float().ravel() for r in records]
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(Encoder().state_dict(), tmp_path / "encoder.safetensors")
    return tmp_path / "encoder.safetensors"


def test_vectors_are_those_of_the_module(weights: Path) -> None:
    before = torch.random.get_rng_state()
    records = pictures(300)
    embedding = TorchEmbedding(weights, Encoder, flattened)
    vectors = embedding.embed(records)  # loads by itself
    assert torch.equal(before, torch.random.get_rng_state())
    from safetensors.torch import load_file

    state = load_file(weights)
    expected = flattened(records) @ state["layer.weight"].T + state["layer.bias"]
    np.testing.assert_allclose(vectors, expected.numpy(), atol=1e-5)
    np.testing.assert_allclose(embedding.embed(records[:1]), vectors[:1], atol=1e-5)


def test_it_loads_unloads_and_travels_without_its_weights(weights: Path) -> None:
    embedding = TorchEmbedding(weights, Encoder, flattened)
    vectors = embedding.embed(pictures(2))
    assert len(pickle.dumps(embedding)) < 1000
    weights.rename(weights.with_suffix(".moved"))
    assert (embedding.embed(pictures(2)) == vectors).all()
    embedding.unload()
    with pytest.raises(GeneratorError, match="SA411"):
        embedding.embed(pictures(2))


def test_a_gate_takes_it_as_one_argument(weights: Path) -> None:
    gate = LabelConsistency(embedding=TorchEmbedding(weights, Encoder, flattened))
    gate.fit(RealSamples.of(pictures(40)))
    record = pictures(1, seed=1)[0]
    verdicts = gate.judge([Request(0, 0), Request(1, 0)], [record, record])
    assert [verdict.accepted for verdict in verdicts] == [True, False]


def test_fingerprint_covers_weights_module_and_preparation(weights: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file(nn.Linear(2, 2).state_dict(), other)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(weights.read_bytes())
    same = [TorchEmbedding(path, Encoder, flattened) for path in (weights, copy)]
    different = [
        TorchEmbedding(other, Encoder, flattened),
        TorchEmbedding(weights, nn.Linear, flattened),
        TorchEmbedding(weights, Encoder, flattened, module_args={"width": 4}),
        TorchEmbedding(weights, Encoder, flattened, identity="flattened-2"),
    ]
    assert len({embedding.fingerprint() for embedding in same}) == 1
    assert len({embedding.fingerprint() for embedding in [*same, *different]}) == 5


def test_what_does_not_fit_is_refused(weights: Path) -> None:
    with pytest.raises(ConfigError, match="SA455"):
        TorchEmbedding(weights, Encoder, lambda records: flattened(records))
    embedding = TorchEmbedding(
        weights, Encoder, lambda records: flattened(records)[0], identity="1"
    )
    with pytest.raises(GateError, match="SA462"):
        embedding.embed(pictures(2))
