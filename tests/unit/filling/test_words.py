"""The lines that a producer writes and a trainer reads."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from lightning_synthaug.filling.words import Words


def test_tables_are_read_as_written() -> None:
    one = np.array([[2**62, -2, -2], [0, 7, 2**40]], np.int64)
    again = Words.rows(Words.text(one))
    assert np.array_equal(again, one)
    assert again.dtype == np.int64
    assert Words.rows("").shape == (0, 3)


def test_words_are_lines_apart_from_what_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    ours, theirs = os.pipe()
    stdout = os.dup(1)
    os.dup2(theirs, 1)
    os.close(theirs)
    try:
        words = Words()
        os.write(1, b"printed\n")
        words.say(error="no", again=True)
        assert json.loads(os.read(ours, 1000)) == {"error": "no", "again": True}
        os.close(ours)
        words.say(ready="cpu")  # nobody listens any more
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
        os.close(words._fd)
    assert capfd.readouterr().err == "printed\n"
