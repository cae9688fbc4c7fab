"""What the tests of whole producers (`tests/faults/test_producer.py`) do not cover."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from lightning_synthaug.filling import producer
from lightning_synthaug.filling.producer import Inbox


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input of an inbox: what is written here, it reads."""
    ours, mine = os.pipe()
    stdin = os.dup(0)
    os.dup2(ours, 0)
    ended = threading.Event()
    # A real one ends with its process; this one must not.
    monkeypatch.setattr(producer.os, "_exit", lambda status: ended.set())
    monkeypatch.setattr(producer, "_GRACE", 0.0)
    yield mine
    os.close(mine)
    assert ended.wait(10)
    os.dup2(stdin, 0)
    os.close(stdin)
    os.close(ours)


def test_the_oldest_request_says_whose_turn_it_is(letters: int) -> None:
    inbox = Inbox(2)
    os.write(letters, b"[1, [7, 8, 9]]\n[0, [1, 2]]\n[1, [10]]\n")
    assert inbox.take([4, 2]) == (1, [7, 8])
    assert inbox.take([4, 2]) == (1, [9, 10])
    assert inbox.take([4, 2]) == (0, [1, 2])
    assert not inbox.stopped


@pytest.mark.parametrize("last", [b'"stop"\n', b'[0, [1, 2"stop"\n'])
def test_stop_is_heard_amid_anything(letters: int, last: bytes) -> None:
    inbox = Inbox(1)
    os.write(letters, last)
    assert inbox.take([4]) is None
    assert inbox.stopped
