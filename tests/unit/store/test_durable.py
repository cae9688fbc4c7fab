from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.store import durable
from lightning_synthaug.store.durable import sync, sync_folder, write_early


@pytest.mark.parametrize("system", ["with the call", "without"])
@pytest.mark.parametrize("size", [0, 1, 100, 1000, 1001])
def test_all_of_it_is_written_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, size: int
) -> None:
    if system == "without":
        monkeypatch.setattr(durable, "_sync_file_range", None)
    data = np.random.default_rng(size).bytes(size)
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        write_early(fd, memoryview(data), 7)
        sync(fd)
    finally:
        os.close(fd)
    sync_folder(tmp_path)
    assert (tmp_path / "file").read_bytes() == (b"\0" * 7 + data if size else b"")


def test_the_disk_is_asked_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[int, int, int]] = []

    def sync_file_range(fd: int, offset: int, size: int, flags: int) -> int:
        begun.append((offset, size, flags))
        return -1  # what it says does not matter

    monkeypatch.setattr(durable, "_sync_file_range", sync_file_range)
    with (tmp_path / "file").open("wb") as file:
        write_early(file.fileno(), memoryview(bytes(250)), 1000)
    assert begun == [(1000, 250, 2)]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="Bad file descriptor"):
            write_early(fd, memoryview(b"data"), 0)
    finally:
        os.close(fd)
