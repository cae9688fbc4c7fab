"""What the contract suite does not cover: classes, ranges, fingerprints, errors."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from lightning_synthaug.errors import ConfigError, GeneratorContractBroken, GeneratorError
from lightning_synthaug.generators import Rejection, Request, TorchGenerator


class Show(nn.Module):
    """Paint the class into the picture, so that a test can read what the network was given."""

    def __init__(self, size: int = 4) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.size = size
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, latents: Tensor, classes: Tensor | None = None) -> Tensor:
        self.shapes.append(tuple(latents.shape))
        value = latents.flatten(1)[:, 0] if classes is None else classes
        if classes is not None and classes.ndim == 2:
            value = classes.argmax(1)
        image = self.scale * value.float() / 10
        return image[:, None, None].expand(-1, self.size, self.size)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "show.safetensors"
    save_file({"scale": torch.ones(1)}, path)
    return path


def make(weights: Path, **arguments: Any) -> TorchGenerator:
    defaults = {
        "module": Show,
        "latent": 3,
        "layout": "HW",
        "output_range": (0.0, 1.0),
        "batch_size": 4,
    }
    return TorchGenerator(weights, **{**defaults, **arguments})


def ask(generator: TorchGenerator, *labels: int | None) -> list[Any]:
    generator.load("cpu")
    return generator.generate([Request(label=x, number=n, seed=n) for n, x in enumerate(labels)])


@pytest.mark.parametrize("label_input", ["index", "onehot"])
def test_each_label_goes_to_its_class_index(weights: Path, label_input: Any) -> None:
    generator = make(weights, classes=[30, 10, 20], label_input=label_input)
    assert generator.labels == {10, 20, 30}
    results = ask(generator, 10, 20, 30)
    assert [result["label"] for result in results] == [10, 20, 30]
    assert [int(result["image"][0, 0]) for result in results] == [26, 51, 0]


def test_without_classes_records_hold_no_label(weights: Path) -> None:
    generator = make(weights, output_range=(-90, 90))
    (result,) = ask(generator, None)
    assert (generator.conditioning, generator.labels, set(result)) == ("none", None, {"image"})


def test_batches_are_padded_to_one_shape(weights: Path) -> None:
    generator = make(weights, classes=3, latent=(2, 1, 1))
    assert len(ask(generator, 0, 1, 2, 0, 1)) == 5
    assert generator._network is not None
    assert generator._network.shapes == [(4, 2, 1, 1), (4, 2, 1, 1)]


def test_not_a_number_is_one_rejection(tmp_path: Path) -> None:
    path = tmp_path / "nan.safetensors"
    save_file({"scale": torch.full((1,), float("nan"))}, path)
    assert ask(make(path, classes=2), 0) == [Rejection("the network returned NaN or infinity")]


def test_generating_before_loading_is_refused(weights: Path) -> None:
    with pytest.raises(GeneratorError, match=r"must be loaded before.*generator.load.*SA413"):
        make(weights).generate([Request(label=None, number=0)])


@pytest.mark.parametrize("label", [3, None, -1])
def test_a_label_that_it_cannot_make_is_refused(weights: Path, label: int | None) -> None:
    with pytest.raises(GeneratorError, match=rf"one of its labels \[0, 1, 2\], got {label}.*SA414"):
        ask(make(weights, classes=3), label)


def test_fingerprint_changes_with_what_changes_the_samples_only(weights: Path) -> None:
    def fingerprint(**arguments: Any) -> str:
        return make(weights, **arguments).fingerprint()

    first = fingerprint()
    assert first == fingerprint(batch_size=9, name="x", licence="y", source="z")
    others = [
        {"latent": 4},
        {"noise": "uniform"},
        {"output_range": (0.0, 2.0)},
        {"dtype": "float32"},
        {"classes": 3},
        {"classes": [2, 1, 0]},
        {"classes": 3, "label_input": "onehot"},
        {"module": Show()},
        {"module_args": {"size": 5}},
        {"module": functools.partial(Show, size=5)},
        {"module": functools.partial(Show, size=6)},
        {"module": Show(6)},
        {"autocast": False},
        {"compile_mode": "default"},
    ]
    assert len({first, *(fingerprint(**other) for other in others)}) == len(others) + 1


def test_fingerprint_ignores_the_place_of_the_file(weights: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(weights.read_bytes())
    assert make(copy).fingerprint() == make(weights).fingerprint()
    save_file({"scale": torch.zeros(1)}, copy)
    assert make(copy).fingerprint() != make(weights).fingerprint()


def test_fingerprint_of_missing_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r"existing file, got .*SA411"):
        make(tmp_path / "none.safetensors").fingerprint()


def test_provenance_holds_the_digest_of_the_weights(weights: Path) -> None:
    provenance = make(weights, licence="MIT", source="there").provenance()
    assert (provenance["name"], provenance["licence"], provenance["source"]) == (
        "show",
        "MIT",
        "there",
    )
    assert len(provenance["weights"]) == 32


def test_class_names_are_told_by_label_and_change_no_sample(weights: Path) -> None:
    named = make(weights, classes=[7, 3], class_names=["seven", "three"])
    assert named.label_names() == {7: "seven", 3: "three"}
    assert make(weights, classes=[7, 3]).label_names() is None
    assert named.fingerprint() == make(weights, classes=[7, 3]).fingerprint()


class Picky(nn.Module):
    """Takes latents of four numbers only."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, latents: Tensor) -> Tensor:
        return latents @ torch.ones(4, 4)


def test_a_network_that_fails_is_shown_with_what_it_was_given(weights: Path) -> None:
    with pytest.raises(
        GeneratorContractBroken,
        match=r"given: \[4, 3\]\n  got:   RuntimeError: .*\n.*SA416",
    ) as caught:
        ask(make(weights, module=Picky), None)
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense"])
def test_a_device_that_is_not_there_is_refused(weights: Path, device: str) -> None:
    with pytest.raises(ConfigError, match=rf"`device` must be .* got '{device}' .*SA410"):
        make(weights).load(device)


def test_numpy_numbers_are_numbers(weights: Path) -> None:
    mine = make(weights, latent=np.int64(3), classes=np.int64(2), batch_size=np.int64(4))
    assert mine.fingerprint() == make(weights, latent=3, classes=2).fingerprint()
    assert [result["label"] for result in ask(mine, 1, 0)] == [1, 0]


def test_a_doubtful_range_is_said_once(weights: Path, caplog: pytest.LogCaptureFixture) -> None:
    generator = make(weights, classes=9, output_range=(-1.0, 1.0), batch_size=8)
    ask(generator, *range(3))
    assert not caplog.records  # too few to tell
    ask(generator, *range(8))
    ask(generator, *range(8))
    (record,) = caplog.records
    assert "check output_range=(-1.0, 1.0), because no value lies below zero" in record.message


def test_a_compiled_network_makes_the_same_pictures(weights: Path) -> None:
    classes = range(6)
    plain = ask(make(weights, classes=6), *classes)
    compiled = make(weights, classes=6, compile_mode="default")
    records = ask(compiled, *classes)
    for one, other in zip(plain, records, strict=True):
        assert np.array_equal(one["image"], other["image"])
    assert compiled.fingerprint() != make(weights, classes=6).fingerprint()
    assert "compile_mode" not in make(weights).settings()


def test_auto_leaves_the_batch_size_to_filling(weights: Path) -> None:
    automatic = make(weights, batch_size="auto")
    assert (automatic.batch_size, automatic.max_batch_size) == (16, 4096)
    assert automatic.fingerprint() == make(weights).fingerprint()
    assert make(weights).max_batch_size is None


class Hum(nn.Module):
    """Say the class as a loudness."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, latents: Tensor, classes: Tensor) -> Tensor:
        wave = torch.sin(torch.arange(900) * 0.3 + latents[:, :1])
        return self.scale * wave * classes[:, None] / 4


@pytest.mark.parametrize("dtype", [None, "int16"])
def test_a_network_of_waves_makes_sounds(weights: Path, dtype: Any) -> None:
    sounds: dict[str, Any] = {"layout": "T", "rate": 16000, "output_range": (-1.0, 1.0)}
    generator = make(weights, module=Hum, classes=5, dtype=dtype, **sounds)
    assert generator.modality == "audio"
    soft, loud = ask(generator, 1, 4)
    full = 1 if dtype is None else 32768
    assert {k: loud[k] for k in ("rate", "label")} == {"rate": 16000, "label": 4}
    assert loud["audio"].shape == (900,) and loud["audio"].dtype == (dtype or "float32")
    assert np.abs(soft["audio"]).max() == pytest.approx(full / 4, rel=0.01)
    assert np.abs(loud["audio"].astype(float)).max() == pytest.approx(full, rel=0.01)
    other = make(weights, module=Hum, classes=5, dtype=dtype, **{**sounds, "rate": 8000})
    assert other.fingerprint() != generator.fingerprint()


def test_a_rate_belongs_to_sounds_alone(weights: Path) -> None:
    for wrong in ({"rate": 8000}, {"layout": "T"}, {"layout": "T", "rate": 0}):
        with pytest.raises(
            ConfigError, match=r'`rate` must be a whole number for layout "T".*SA410'
        ):
            make(weights, **wrong)
    with pytest.raises(ConfigError, match=r"`dtype` must be .* got .uint8.*SA410"):
        make(weights, layout="T", rate=8000, dtype="uint8")
