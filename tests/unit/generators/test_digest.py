from __future__ import annotations

import os
from pathlib import Path

import pytest

from lightning_synthaug.generators.digest import canonical_digest, file_digest


def test_digest_follows_the_content_and_not_the_path(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"x" * 3_000_000)
    second.write_bytes(b"x" * 3_000_000)
    assert file_digest(first) == file_digest(second)
    second.write_bytes(b"y" + b"x" * 2_999_999)
    assert file_digest(first) != file_digest(second)


def test_a_settled_file_is_read_once_until_its_size_or_time_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    os.utime(path, ns=(1, 1))
    first = file_digest(path)
    path.write_bytes(b"y")
    os.utime(path, ns=(1, 1))
    assert file_digest(path) == first, "same size and time: not read again"
    os.utime(path, ns=(2, 2))
    assert file_digest(path) != first


def test_a_file_written_just_now_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    first = file_digest(path)
    path.write_bytes(b"y")
    assert file_digest(path) != first


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        file_digest(tmp_path / "none")


def test_canonical_digest_ignores_order_and_sees_values() -> None:
    assert canonical_digest({"a": [1], "b": None}) == canonical_digest({"b": None, "a": [1]})
    assert canonical_digest({"a": 1}) != canonical_digest({"a": 2})
