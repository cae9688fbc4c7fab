from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.cli.generating.estimate import estimate
from lightning_synthaug.data import LabelMap, Record
from lightning_synthaug.filling import SourceFiller, SourceNeeds
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.store import Store


class Timed(Generator):
    """Takes a second a sample by the test's own clock, ten at the first batch."""

    batch_size = 4
    now = 0.0
    calls = 0

    def fingerprint(self) -> str:
        return "timed"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        Timed.calls += 1
        Timed.now += len(requests) * (10 if Timed.calls == 1 else 1)
        return [Record({"image": np.zeros((10, 10), np.uint8)}) for _ in requests]


def test_two_batches_tell_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: Timed.now)
    needs = SourceNeeds(
        1,
        Timed(),
        values=np.empty(0, np.int64),
        label_map=LabelMap(None),
        generation_seed=0,
        twins=None,  # type: ignore[arg-type]  # never asked for by an unconditional generator
    )
    with Store.open(tmp_path) as store:
        missing = SourceFiller("timed", needs, store, device="cpu").look_up(np.arange(40))
        assert estimate(needs.generator, missing, device="cpu") == (40 * 350, 40.0)
        assert Timed.calls == 2
        assert needs.generator._device is None
        assert store.stats().samples == 0
        assert estimate(needs.generator, [], device="cpu") == (0, 0.0)
