"""The gate of a recogniser, with real classes of transformers, small and untrained: what they hear is theirs."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates import Intelligibility, RealSamples
from lightning_synthaug.generators.request import Request
from tests.helpers.tiny_models import save_wav2vec2, save_whisper

RATE = 8000


def sound(label: int) -> Record:
    rng = np.random.default_rng(label)
    waves = 0.3 * np.sin(np.arange(9000) * (0.1 + 0.3 * label)) + 0.1 * rng.standard_normal(9000)
    return Record({"audio": waves.astype(np.float32), "rate": RATE, "label": label})


SOUNDS = [sound(label) for label in range(4)]
REQUESTS = [Request(label, 0) for label in range(4)]


@pytest.fixture(params=[save_wav2vec2, save_whisper])
def model(request: Any, tmp_path: Path) -> Path:
    write: Callable[[Path], Path] = request.param
    return write(tmp_path / "model")


def loaded(*args: Any, **options: Any) -> Intelligibility:
    gate = Intelligibility(*args, **options)
    gate.load()
    return gate


def test_what_is_heard_as_it_was_meant_passes(model: Path) -> None:
    listener = loaded(model)
    heard = [listener.hear(s) for s in SOUNDS]
    assert all(heard), "each says something"
    gate = loaded(model, texts=[h.upper() + "!" for h in heard], threshold=0.0)
    assert [v.accepted for v in gate.judge(REQUESTS, SOUNDS)] == [True] * 4
    first = len(heard[0].split())
    gate = loaded(model, texts=["zebra", ["zebra", heard[1]]], threshold=0.5)
    other, right = gate.judge(REQUESTS[:2], SOUNDS[:2])
    assert (other.accepted, other.score, other.reason) == (False, float(first), "score too high")
    assert (right.accepted, right.score) == (True, 0.0)


def test_texts_may_come_with_the_samples_and_the_limit_from_real_ones(model: Path) -> None:
    listener = loaded(model)
    heard = [listener.hear(s) for s in SOUNDS]
    real = [Record({**s, "text": h}) for s, h in zip(SOUNDS * 10, heard * 10, strict=True)]
    gate = Intelligibility(model)
    gate.fit(RealSamples.of(real))
    gate.load()
    wrong = Record({**SOUNDS[0], "text": "zebra zebra zebra"})
    assert [v.accepted for v in gate.judge(REQUESTS[:2], [real[0], wrong])] == [True, False]


def test_a_batch_is_heard_one_by_one_and_other_rates_are_brought_to_its_own(model: Path) -> None:
    gate = loaded(model, texts=["a"] * 4)
    apart = [gate.score([q], [s])[0] for q, s in zip(REQUESTS, SOUNDS, strict=True)]
    assert gate.score(REQUESTS, SOUNDS).tolist() == apart
    whole = np.rint(SOUNDS[1]["audio"] * 32768).astype(np.int16)  # type: ignore[operator]
    stereo = Record({"audio": np.stack([whole, whole], 1), "rate": RATE})
    assert gate.hear(stereo) == gate.hear(Record({"audio": whole, "rate": RATE}))
    assert isinstance(gate.hear(Record({"audio": whole, "rate": 16000})), str)
    again = pickle.loads(pickle.dumps(gate))
    again.load()
    assert again.hear(SOUNDS[1]) == gate.hear(SOUNDS[1])


def test_what_changes_verdicts_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    one, other = save_wav2vec2(tmp_path / "a"), save_wav2vec2(tmp_path / "b", seed=1)
    gates = [
        Intelligibility(one, texts=["a"]),
        Intelligibility(one, texts=[["a", "b"]]),
        Intelligibility(one, texts=["a"], language="english"),
        Intelligibility(other, texts=["a"]),
    ]
    assert len({gate.fingerprint() for gate in gates}) == 4
    assert Intelligibility(one, texts={0: ["a"]}).fingerprint() == gates[0].fingerprint()


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    model = save_wav2vec2(tmp_path / "model")
    with pytest.raises(GateError, match=r"`texts` must tell .* nothing for 3.*SA459"):
        loaded(model, texts=["a"]).judge(REQUESTS[3:], SOUNDS[3:])
    with pytest.raises(GateError, match=r'needs the field "rate" beside.*SA450'):
        loaded(model).hear(Record({"audio": np.zeros(900, np.float32)}))
    with pytest.raises(GateError, match=r'needs the field "text".*SA450'):
        loaded(model).judge(REQUESTS[:1], SOUNDS[:1])
    with pytest.raises(ConfigError, match="SA452"):
        Intelligibility(model, share=2.0)
