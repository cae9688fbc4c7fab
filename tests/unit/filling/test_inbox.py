"""What a producer is asked for, in which order, and with which pauses."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from lightning_synthaug.filling import inbox as module
from lightning_synthaug.filling.inbox import Inbox


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input of an inbox: what is written here, it reads."""
    ours, mine = os.pipe()
    stdin = os.dup(0)
    os.dup2(ours, 0)
    ended = threading.Event()
    # A real one ends with its process; this one must not.
    monkeypatch.setattr(module.os, "_exit", lambda status: ended.set())
    monkeypatch.setattr(module, "_GRACE", 0.0)
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


def test_what_is_put_off_comes_first_after_its_pause_and_others_do_not_wait(letters: int) -> None:
    waited: list[bool] = []
    inbox = Inbox(2, lambda: waited.append(True))
    os.write(letters, b"[1, [7, 8, 9]]\n[0, [1]]\n")
    assert inbox.take([4, 2]) == (1, [7, 8])
    inbox.put_back(1, [7, 8], 0.2)
    assert inbox.take([4, 2]) == (0, [1])
    assert not waited
    assert inbox.take([4, 2]) == (1, [7, 8])
    assert waited


def test_what_was_taken_back_is_not_put_back(letters: int) -> None:
    inbox = Inbox(1)
    os.write(letters, b"[0, [1, 2]]\n")
    assert inbox.take([4]) == (0, [1, 2])
    os.write(letters, b'"forget"\n[0, [3]]\n')
    while not inbox._queues[0]:
        pass
    inbox.put_back(0, [1, 2], 0.0)
    assert inbox.take([4]) == (0, [3])
