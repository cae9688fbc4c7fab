from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing import ledgerfile
from lightning_synthaug.mixing.ledgerfile import LedgerFile, ledger_path, read_lines

LINES = [{"kind": "a", "n": 1}, {"kind": "ß", "deep": [1.5, None]}, {}]


def written(folder: Path) -> Path:
    file = LedgerFile(ledger_path(folder, 3))
    file.append(LINES[:2])
    file.append(LINES[2:])
    file.close()
    file.close()
    return file.path


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    path = written(tmp_path / "a" / "b")
    assert path.name == "ledger-3.jsonl"
    assert list(read_lines(path)) == LINES
    assert len(path.read_text().splitlines()) == 3


def test_a_killed_writers_rest_is_skipped_and_appended_to(tmp_path: Path) -> None:
    path = written(tmp_path)
    with path.open("ab") as file:
        file.write(b'{"crc":"00000000","kind":"ha')
    assert list(read_lines(path)) == [*LINES, None]
    again = LedgerFile(path)
    again.append([{"kind": "more"}])
    again.close()
    assert list(read_lines(path)) == [*LINES, None, {"kind": "more"}]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_damage_is_believed(tmp_path: Path, data: st.DataObject) -> None:
    path = written(tmp_path / "whole")
    whole = path.read_bytes()
    path.unlink()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytes([*whole[:at], whole[at] ^ data.draw(st.integers(1, 255)), *whole[at + 1 :]])
    (tmp_path / "x.jsonl").write_bytes(damaged)
    found = list(read_lines(tmp_path / "x.jsonl"))
    assert all(line is None or line in LINES for line in found)
    assert sum(line is not None for line in found) >= 1


@pytest.mark.parametrize("text", [b"", b"\n\n", b"x" * 100, b'{"crc":"12345678",}', b"\xff\xfe"])
def test_something_else_has_no_lines(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x").write_bytes(text)
    assert not any(read_lines(tmp_path / "x"))


def test_deep_nesting_is_no_line(tmp_path: Path) -> None:
    body = b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}"
    head = b'{"crc":"%08x",' % ledgerfile.zlib.crc32(body)
    (tmp_path / "x").write_bytes(head + body[1:] + b"\n")
    assert list(read_lines(tmp_path / "x")) == [None]


def test_there_is_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgerfile, "_PATIENCE", 0.1)
    one, other = LedgerFile(tmp_path / "x"), LedgerFile(tmp_path / "x")
    one.open()
    one.open()
    with pytest.raises(ConfigError, match=r"another process that writes it.*SA660"):
        other.open()
    one.close()
    other.open()
    other.close()


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"NotADirectoryError.*SA660|FileExistsError.*SA660"):
        LedgerFile(tmp_path / "file" / "ledger-0.jsonl").open()


def test_a_forked_child_leaves_the_file_to_its_parent(tmp_path: Path) -> None:
    mine, other = LedgerFile(tmp_path / "x"), LedgerFile(tmp_path / "x")
    mine.open()
    child = os.fork()
    if not child:
        mine.close()
        os._exit(0)
    os.waitpid(child, 0)
    mine.append([{"kind": "a"}])
    mine.close()
    other.open()  # nobody holds it
    other.close()


def test_where_there_are_no_locks_nobody_is_kept_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(ledgerfile.fcntl, "flock", refused)
    file = LedgerFile(tmp_path / "x")
    file.append([{}])
    file.close()
    assert list(read_lines(tmp_path / "x")) == [{}]
