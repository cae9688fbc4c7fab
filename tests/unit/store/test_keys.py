from __future__ import annotations

import numpy as np
import pytest

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store.keys import check_keys, join_keys, marks, strays
from tests.unit.store.samples import key


@pytest.mark.parametrize("bad", [b"", "k" * 16, b"k" * 17, bytearray(16), None, 5])
def test_keys_are_16_bytes(bad: object) -> None:
    check_keys([key(1)])
    with pytest.raises(CacheError, match=r"must be 16 bytes, got .*SA308"):
        check_keys([key(1), bad])  # type: ignore[list-item]


@pytest.mark.parametrize("bad", [[b"k" * 15, b"k" * 17], [key(1), "k" * 16], [None]])
def test_keys_of_other_lengths_are_not_joined(bad: list[bytes]) -> None:
    assert join_keys([key(1), key(2)]).tobytes() == key(1) + key(2)
    assert join_keys([]).shape == (0, 2)
    with pytest.raises(CacheError, match="SA308"):
        join_keys(bad)


def test_a_mark_differs_when_any_bit_of_key_or_place_does() -> None:
    whole = np.frombuffer(key(1) + (2**62).to_bytes(8, "little") + bytes(8), np.int64)
    right = int(marks(whole[None, :2], whole[None, 2:])[0])
    for bit in range(256):
        data = bytearray(whole.tobytes())
        data[bit // 8] ^= 1 << bit % 8
        words = np.frombuffer(data, np.int64)
        assert int(marks(words[None, :2], words[None, 2:])[0]) != right, bit
        entry = np.append(words[2:], right)
        assert strays(words[None, :2], entry[None])[0] != 0
    assert strays(whole[None, :2], np.append(whole[2:], right)[None]).tolist() == [0]
