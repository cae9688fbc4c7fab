from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheLocked
from lightning_synthaug.store.holding import alone, hold, is_held, let_go


def test_a_file_is_held_until_it_is_let_go_also_by_copies_of_its_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "log"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    assert not is_held(path)
    hold(fd)
    assert is_held(path)
    copy = os.dup(fd)  # what a forked worker has
    let_go(fd)
    os.close(fd)
    assert not is_held(path)
    os.close(copy)


def test_a_holder_that_is_killed_holds_no_more(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    ready, told = os.pipe()
    child = os.fork()
    if child == 0:
        hold(os.open(path, os.O_RDWR))
        os.write(told, b".")
        signal.pause()  # until it is killed
        os._exit(0)
    try:
        os.read(ready, 1)
        assert is_held(path)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(told)
    assert not is_held(path)


def test_a_file_that_is_gone_is_held_by_nobody(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "none")


def test_one_process_at_a_time_keeps_a_store_up(tmp_path: Path) -> None:
    with alone(tmp_path):
        with pytest.raises(CacheLocked, match=r"One process at a time.*SA331"), alone(tmp_path):
            pass
        with pytest.raises(CacheLocked, match="SA331"), alone(tmp_path):  # it is held still
            pass
    with alone(tmp_path):
        pass
