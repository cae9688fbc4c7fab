"""One batch is stored while the next one is made; the rest of filling ahead is tested in test_ahead.py."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.filling import Limits
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.store import Store
from tests.unit.filling.test_ahead import IDENTITIES, Made, filler, store

__all__ = ["store"]


def test_a_batch_is_stored_while_the_next_one_is_made(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, making = threading.Event(), threading.Event()

    class Slow(Made):
        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            if len(self.calls) == 2:  # each waits for the other: nothing goes on unless both do
                assert storing.wait(30)
                making.set()
            return super().generate(requests)

    put = store.put

    def wait_and_put(samples: Any) -> int:
        if store.stats().samples:  # the first batch is stored by itself
            storing.set()
            assert making.wait(30)
        return put(samples)

    monkeypatch.setattr(store, "put", wait_and_put)
    source = filler(store, Slow())
    assert source.fill(source.look_up(IDENTITIES)).generated == 10
    assert store.stats().samples == 10


def test_what_is_being_stored_when_the_next_batch_fails_stays(store: Store) -> None:
    class Fails(Made):
        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            if len(self.calls) == 2:
                raise RuntimeError("no luck")
            return super().generate(requests)

    source = filler(store, Fails())
    with pytest.raises(RuntimeError, match="no luck"):
        source.fill(source.look_up(IDENTITIES))
    assert store.stats().samples == 8
    assert source.look_up(IDENTITIES)[0].identity == IDENTITIES[8]


def test_what_is_no_answer_is_an_error_and_not_tried_for_ever(store: Store) -> None:
    class Nothing(Made):
        def generate(self, requests: Sequence[Request]) -> Any:
            super().generate(requests)

    source = filler(store, Nothing())
    with pytest.raises(GeneratorContractBroken, match="SA420"):
        source.fill(source.look_up(IDENTITIES))


def test_memory_that_runs_out_beside_a_batch_being_stored_loses_nothing(store: Store) -> None:
    class Large(Made):
        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            if self.calls and len(requests) > 2:
                raise MemoryError
            return super().generate(requests)

    generator = Large(stubborn=1)
    source = filler(store, generator)
    assert source.fill(source.look_up(IDENTITIES)).generated == 10
    assert generator.calls[0] == 4
    assert set(generator.calls[1:]) <= {1, 2}


@pytest.mark.parametrize("most", [1, 4, 5, 7, 9])
def test_no_more_is_made_than_the_limits_allow(store: Store, most: int) -> None:
    generator = Made()
    source = filler(store, generator)
    assert source.fill(source.look_up(IDENTITIES), limits=Limits(most)).generated == most
    assert sum(generator.calls) == most


@pytest.mark.parametrize("good", [0, 1])
def test_where_a_whole_batch_is_put_off_the_rest_is_left(store: Store, good: int) -> None:
    class Away(Made):
        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            answers = super().generate(requests)
            if len(self.calls) <= good:
                return answers
            return [Rejection("away", for_now=True) for _ in requests]

    source = filler(store, Away())
    filled = source.fill(source.look_up(IDENTITIES))
    assert (filled.generated, filled.given_up, filled.reason) == (4 * good, 0, "away")
    assert filled.put_off >= 4
    assert len(source.look_up(IDENTITIES)) == len(IDENTITIES) - 4 * good
    assert store.stats().tombstones == 0


def test_what_is_put_off_amid_a_batch_keeps_nothing_else_back(store: Store) -> None:
    class Away(Made):
        def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
            answers = super().generate(requests)
            return [Rejection("away", for_now=True), *answers[1:]]

    source = filler(store, Away())
    filled = source.fill(source.look_up(IDENTITIES))
    assert filled.generated + filled.put_off == len(IDENTITIES)
    assert len(source.look_up(IDENTITIES)) == filled.put_off == 3
