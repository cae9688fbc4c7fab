"""Transforms of audiomentations and torch-audiomentations, as they are."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

import lightning_synthaug as sa
from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.data.transforms import FunctionTransform, SoundLibraryTransform
from lightning_synthaug.errors import DataError
from tests.helpers.waves import RATE, sweep

audiomentations = pytest.importorskip("audiomentations")
SOUND = Record({"audio": sweep(0.3), "rate": RATE, "label": 1})


def theirs() -> list[Any]:
    a = audiomentations
    noise = a.AddGaussianNoise(p=1.0)
    return [
        noise,
        a.Compose([noise, a.TimeStretch(p=1.0), a.Gain(p=0.5)]),
        a.OneOf([a.Gain(p=1.0), noise, a.PitchShift(p=1.0)]),
        a.SomeOf(2, [a.Gain(p=1.0), noise, a.TimeMask(p=1.0)]),
    ]


def states() -> tuple[Any, ...]:
    numpy_state = np.random.get_state()  # noqa: NPY002
    return random.getstate(), numpy_state[1].tolist(), torch.get_rng_state().tolist()


def check(transform: Any, record: Record) -> None:
    before = states()
    built = build_transform(transform)
    assert type(built) is SoundLibraryTransform
    made = [built.apply(record, seed) for seed in range(8)]
    again = [build_transform(transform).apply(record, seed) for seed in range(7, -1, -1)]
    assert again[::-1] == made and len(set(made)) == 8 and states() == before
    given: Any = record["audio"]
    for one in made:
        sound: Any = one["audio"]
        assert (sound.shape, sound.dtype) == (given.shape, given.dtype)
        assert one["rate"] == RATE and np.corrcoef(sound.ravel(), given.ravel())[0, 1] > -2


@pytest.mark.parametrize("transform", theirs(), ids=["one", "Compose", "OneOf", "SomeOf"])
@pytest.mark.parametrize("form", ["flat", "stereo", "last", "whole"])
def test_audiomentations_are_seeded_by_the_sample(transform: Any, form: str) -> None:
    sound = sweep(0.3)
    forms = {
        "flat": sound,
        "stereo": np.stack([sound, -sound]),
        "last": np.stack([sound, -sound], 1),
        "whole": (sound * 20000).astype(np.int16),
    }
    check(transform, SOUND.replace(audio=forms[form]))


@pytest.mark.filterwarnings("ignore:.*`output_type` argument:DeprecationWarning")
@pytest.mark.parametrize("output", ["tensor", "dict"])
def test_torch_audiomentations_too(output: str) -> None:
    t = pytest.importorskip("torch_audiomentations")
    noise = t.AddColoredNoise(p=1.0, output_type=output)
    check(noise, SOUND)
    check(t.Compose([t.Gain(p=1.0, output_type=output), noise], output_type=output), SOUND)


def test_a_loud_half_is_half_as_loud() -> None:
    halved = audiomentations.Gain(min_gain_db=-6, max_gain_db=-6, p=1.0)
    whole = SOUND.replace(audio=(sweep(0.3) * 20000).astype(np.int16))
    made: Any = build_transform(halved).apply(whole, 1)["audio"]
    assert np.allclose(made, np.asarray(whole["audio"]) * 10**-0.3, atol=1)


def test_a_modules_own_waves_are_those_of_the_record() -> None:
    torchaudio = pytest.importorskip("torchaudio")
    made: Any = build_transform(torchaudio.transforms.Vol(0.5)).apply(SOUND, 1)["audio"]
    assert np.allclose(made, sweep(0.3) * 0.5)


def test_a_function_with_a_rate_is_given_that_of_the_record() -> None:
    def pulled(samples: Any, rate: int, rng: np.random.Generator) -> Any:
        return np.roll(samples, rate // 100 + int(rng.integers(2)))

    built = build_transform(pulled)
    assert type(built) is FunctionTransform and built.takes_rate and built.takes_rng
    both = SOUND.replace(image=np.zeros((4, 4), np.uint8))
    made: Any = built.apply(both, 1)["audio"]
    assert any(np.array_equal(made, np.roll(sweep(0.3), RATE // 100 + k)) for k in (0, 1))


def test_a_record_without_a_rate_is_refused() -> None:
    with pytest.raises(DataError, match=r"needs the fields 'audio' and 'rate'.*SA212"):
        build_transform(theirs()[0]).apply(Record({"audio": sweep(0.1)}), 1)


def test_ready_made_pipelines_hold_the_rate_of_records_without_one() -> None:
    built = build_transform(sa.transforms.audio("light", rate=RATE))
    made = built.apply(Record({"audio": sweep(0.3)}), 1)
    assert made["audio"].shape == sweep(0.3).shape  # type: ignore[union-attr]
