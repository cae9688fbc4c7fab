from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_synthaug.plan import pack_bits, pack_integers, unpack_bits, unpack_integers

BOMB = base64.b64encode(zlib.compress(bytes(10**7))).decode()


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_integers_come_back(values: list[int]) -> None:
    packed = json.loads(json.dumps(pack_integers(np.array(values, np.int64))))
    found = unpack_integers(packed, most=len(values))
    assert found is not None
    assert found.tolist() == values
    assert found.dtype == np.int64


@given(st.lists(st.booleans()))
def test_bits_come_back(values: list[bool]) -> None:
    found = unpack_bits(pack_bits(np.array(values, bool)), size=len(values))
    assert found is not None
    assert found.tolist() == values


def test_a_bit_takes_a_bit_and_less_where_it_repeats() -> None:
    rng = np.random.default_rng(0)
    # 6 bits a character of text, and what a compressed stream has around it.
    assert len(pack_bits(rng.random(80_000) < 0.5)) < 10_000 * 8 / 6 + 50
    assert len(pack_bits(np.ones(80_000, bool))) < 100
    assert len(pack_integers(np.full(10**5, 7))[2]) < 1000


@pytest.mark.parametrize(
    "packed",
    [
        None,
        [],
        ["u1", 3],
        ["f8", 1, "x"],
        ["u1", -1, ""],
        ["u1", 10**12, BOMB],
        ["u1", 10, BOMB],
        ["u1", 2, "not base64!"],
        ["u1", 2, base64.b64encode(b"not compressed").decode()],
        ["u1", 2, base64.b64encode(zlib.compress(b"ab") + b"more").decode()],
        ["u1", 2, base64.b64encode(zlib.compress(b"ab")[:-1]).decode()],
        ["u1", 2, 5],
    ],
)
def test_what_was_not_packed_is_not_believed(packed: object) -> None:
    assert unpack_integers(packed, most=1000) is None


@pytest.mark.parametrize("text", [None, 5, "", "é", BOMB])
def test_bits_that_were_not_packed_are_not_believed(text: object) -> None:
    assert unpack_bits(text, size=9) is None
