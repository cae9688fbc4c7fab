from __future__ import annotations

import pytest

from lightning_synthaug.filling import say


def test_a_line_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("done")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "synthaug: done\n")
