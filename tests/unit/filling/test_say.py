from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import CacheFull
from lightning_synthaug.filling import Limits, say
from lightning_synthaug.filling.say import FillBar, human_bytes, human_time
from lightning_synthaug.store import NewSample, Store


def put(store: Store, number: int) -> None:
    """Store a sample that takes a little less than ten kilobytes."""
    image = np.zeros((100, 96), np.uint8)
    store.put([NewSample(number.to_bytes(16, "big"), Record({"image": image, "label": 3}), {})])


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000_000, "2.5 GB"), (3e15, "3000.0 TB")],
)
def test_bytes_are_written_for_people(count: float, text: str) -> None:
    assert human_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (59.6, "0:01:00"), (3599, "0:59:59"), (360_000, "100:00:00")],
)
def test_durations_have_hours(seconds: float, text: str) -> None:
    assert human_time(seconds) == text


def test_what_is_said_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say("hello")
    assert capsys.readouterr() == ("", "synthaug: hello\n")


def test_a_fill_is_announced_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(tmp_path) as store, FillBar("gan", 1000, store, Limits()) as bar:
        bar.advance(0, 0)
        for number in range(2):
            put(store, number)
            bar.advance(1, 1)
    said = capsys.readouterr().err
    assert len(re.findall(r"'gan': 9\.\d MB, about \d+:\d\d:\d\d more", said)) == 1
    assert said.count("there is room for ") == 1


def test_what_the_disk_cannot_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path, byte_budget=10**9) as store:
        # A disk with exactly this much room cannot be had.
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
        message = r"got 100.0 kB for 9.\d MB \(999 samples of 'gan'\) .* 100.0 kB free.*SA501"
        with pytest.raises(CacheFull, match=message), FillBar("gan", 1000, store, Limits()) as bar:
            put(store, 0)
            bar.advance(1, 1)


def test_what_the_budget_cannot_hold_is_refused(tmp_path: Path) -> None:
    with Store.open(tmp_path, byte_budget=500_000) as store:
        message = r"got 49\d.\d kB for 9.\d MB .*budget of 500.0 kB .*`cache_bytes=`.*SA501"
        with pytest.raises(CacheFull, match=message), FillBar("gan", 1000, store, Limits()) as bar:
            put(store, 0)
            bar.advance(1, 1)
