"""Real samples left for another process."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.filling import TwinBox, twinbox

RECORD = Record({"image": np.eye(3, dtype=np.uint8), "label": 2})


def test_a_reader_waits_for_a_sample_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twinbox, "_WORD", 0.05)
    box, told = TwinBox.new(), threading.Event()
    box.waiting = told.set
    read: list[Record] = []
    thread = threading.Thread(target=lambda: read.append(box.record(5)))
    thread.start()
    assert told.wait(10)
    TwinBox(box.folder).put(5, RECORD)
    thread.join(10)
    assert read == [RECORD]
    assert box.record(5) == RECORD  # it stays until it is dropped
    box.drop(5)
    box.drop(5)
    assert not box._path(5).exists()
    box.remove()


def test_a_box_is_private_and_gone_at_the_end() -> None:
    box = TwinBox.new()
    assert box._path(0).parent.stat().st_mode & 0o077 == 0
    box.put(0, RECORD)
    box.remove()
    assert not box._path(0).parent.exists()
    box.put(1, RECORD)  # a worker that comes late
    box.remove()
    assert not box._path(1).exists()
