from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Request, request_seed, sample_key

IDENTITY = {"label": 3, "number": 4, "attempt": 0, "twin_digest": b"t" * 16, "version": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"label": 4},
        {"label": None},
        {"number": 5},
        {"attempt": 1},
        {"twin_digest": None},
        {"version": 2},
    ],
)
def test_every_part_of_a_request_changes_key_and_seed(change: dict[str, object]) -> None:
    other = {**IDENTITY, **change}
    assert sample_key("f", seed=1, **IDENTITY) != sample_key("f", seed=1, **other)  # type: ignore[arg-type]
    assert request_seed(0, **IDENTITY) != request_seed(0, **other)  # type: ignore[arg-type]


def test_seed_and_fingerprint_change_the_key() -> None:
    first = sample_key("f", seed=1, **IDENTITY)
    assert first != sample_key("f", seed=2, **IDENTITY)
    assert first != sample_key("g", seed=1, **IDENTITY)


def test_numpy_integers_give_the_same_names_as_plain_ones() -> None:
    plain = request_seed(7, label=1, number=2)
    assert request_seed(7, label=np.int64(1), number=np.int64(2)) == plain  # type: ignore[arg-type]


def test_golden_values_hold_on_every_machine() -> None:
    assert request_seed(0, label=1, number=2) == 2003401872673235821
    assert sample_key("f", seed=1, **IDENTITY).hex() == "5be6b69227ea0cc7b27f8018e4b7111e"


def test_request_knows_its_key() -> None:
    twin = Record({"image": np.zeros((2, 2), np.uint8)})
    request = Request(label=3, number=4, version=1, seed=9, twin=twin)
    identity = {**IDENTITY, "twin_digest": twin.digest()}
    assert request.key("f") == sample_key("f", seed=9, **identity)
    assert Request(label=3, number=4).key("f") != request.key("f")


def test_seeds_are_64_bit_and_do_not_collide() -> None:
    seeds = {
        request_seed(s, label=c, number=n) for s in range(5) for c in range(5) for n in range(40)
    }
    assert len(seeds) == 1000
    assert max(seeds) < 2**64
    assert min(seeds) >= 0
