from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import CacheFull
from lightning_synthaug.filling import say
from lightning_synthaug.filling.say import FillBar, human_bytes
from lightning_synthaug.store import Store

RECORDS = [Record({"image": np.zeros((10, 100), np.uint8), "text": "x" * 92, "label": 3})]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000_000, "2.5 GB"), (3e15, "3000.0 TB")],
)
def test_bytes_are_written_for_people(count: float, text: str) -> None:
    assert human_bytes(count) == text


def test_what_is_said_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("hello")
    assert capsys.readouterr() == ("", "synthaug: hello\n")


def test_a_fill_is_announced_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(tmp_path) as store, FillBar("gan", 1000, "cpu", store) as bar:
        bar.advance(0, [])
        bar.advance(1, RECORDS)
        bar.advance(1, RECORDS)
    said = capsys.readouterr().err
    assert said.count("making 1,000 samples with 'gan' on cpu: 1.1 MB, about 0:0") == 1
    assert "of disk free" in said


def test_what_the_disk_cannot_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path) as store:
        # A disk with exactly this much room cannot be had.
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
        with (
            pytest.raises(
                CacheFull, match=r"got 100.0 kB free for 1.1 MB \(999 samples of 'gan'\).*SA501"
            ),
            FillBar("gan", 1000, "cpu", store) as bar,
        ):
            bar.advance(1, RECORDS)
