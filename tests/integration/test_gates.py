"""Gates in whole runs: what they refuse is never served, and another gate makes nothing again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Record, Verdict
from lightning_synthaug.errors import ResumeMismatch
from lightning_synthaug.generators import Generator, Request
from lightning_synthaug.generators.gates import Gate
from lightning_synthaug.store import Store
from tests.helpers.recorder import recorder, trainer
from tests.helpers.shapes import shape
from tests.helpers.traced import Tracer, read, traced_dataset


class Rest(Gate):
    """Refuses every third sample, at its first attempts or at all."""

    def __init__(self, rest: int, until: int = 9) -> None:
        self.rest = rest
        self.until = until

    def settings(self) -> dict[str, Any]:
        return {"rest": self.rest, "until": self.until}

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        bad = [r.number % 3 == self.rest and r.attempt < self.until for r in requests]
        return [Verdict(not b, None, "odd" if b else "") for b in bad]


class Doubling(Generator):
    """Makes each image twice, under numbers that follow each other."""

    conditioning = "class"
    labels = frozenset(range(3))

    def fingerprint(self) -> str:
        return "doubling"

    def generate(self, requests: Sequence[Request]) -> list[Record]:
        labels = [r.label or 0 for r in requests]
        return [
            Record({"image": shape(label, r.number // 2 + 500), "label": label})
            for label, r in zip(labels, requests, strict=True)
        ]


def loader() -> DataLoader[Any]:
    return DataLoader(traced_dataset(48), 8)


def served(mixed: Any, epochs: int = 2) -> list[int]:
    """Train a while; return the numbers of the synthetic samples."""
    rows = [row for _ in range(epochs) for images, _ in mixed for row in read(images)]
    return [row.index for row in rows if row.source]


@pytest.mark.parametrize("fill", ["ahead", "background"])
def test_what_is_refused_is_never_served(tmp_path: Path, fill: Any) -> None:
    log = tmp_path / "made"
    options: dict[str, Any] = {"cache": tmp_path / "cache", "fill": fill, "on_miss": "wait"}
    if fill == "ahead":
        options["on_miss"] = "real"
    mixed = sa.mix(loader(), Tracer(log=str(log)), 0.5, gates=[Rest(1)], **options)
    numbers = served(mixed)
    totals = mixed.feed.totals
    mixed.feed.mixture.close()
    assert numbers
    assert {n % 3 for n in numbers} == {0, 2}
    assert totals.planned == totals.served + totals.starved + totals.rejected
    assert totals.rejected > 0
    assert totals.starved == 0
    made = len(log.read_text().splitlines())
    # Another gate finds most of what it asks for, and has the rest made at the next attempt.
    mixed = sa.mix(loader(), Tracer(log=str(log)), 0.5, gates=Rest(0, until=1), **options)
    after = served(mixed)
    assert mixed.feed.totals.rejected == 0
    mixed.feed.mixture.close()
    assert {n % 3 for n in after} == {0, 1, 2}
    again = log.read_text().splitlines()[made:]
    assert {int(line.split()[2]) % 3 for line in again} == {0}
    assert {int(line.split()[3]) for line in again} == {1}
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []
        assert len(store.gates()) == 2


def test_a_run_does_not_go_on_with_other_gates(tmp_path: Path) -> None:
    def run(gates: Any, **fit: Any) -> None:
        aug = sa.SynthAug(Tracer(), 0.5, cache=tmp_path / "cache", gates=gates)
        runner = trainer(callbacks=[aug], max_epochs=fit.pop("epochs", 1))
        runner.fit(recorder(), loader(), **fit)
        runner.save_checkpoint(tmp_path / "last.ckpt")

    run([Rest(1)])
    with pytest.raises(ResumeMismatch, match="gates"):
        run([], epochs=2, ckpt_path=tmp_path / "last.ckpt")
    run([Rest(1)], epochs=2, ckpt_path=tmp_path / "last.ckpt")


def test_two_cold_runs_give_the_same_keys_and_verdicts(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        mixed = sa.mix(loader(), Tracer(), 0.5, cache=tmp_path / name, gates=[Rest(1, 1), Rest(2)])
        served(mixed)
        gates = mixed.feed.mixture.generated[0].needs.gating.fingerprints
        mixed.feed.mixture.close()
        with Store.open(tmp_path / name) as store:
            keys = sorted(s.key for s in store.samples())
            told.append((keys, [store.verdicts(g, keys) for g in gates]))
    assert told[0] == told[1]
    assert any(not v.accepted for v in told[0][1][0].values())


def test_a_sample_that_repeats_an_earlier_one_is_not_served(tmp_path: Path) -> None:
    real = [(shape(i % 3, i), i % 3) for i in range(60)]
    cache = tmp_path / "cache"
    mixed = sa.mix(DataLoader(real, 10), Doubling(), 0.5, cache=cache, gates=[sa.Repetition()])
    rows = [image.tobytes() for images, _ in mixed for image in images.numpy()]
    totals = mixed.feed.totals
    mixed.feed.mixture.close()
    made = {shape(label, n + 500).tobytes() for label in range(3) for n in range(60)}
    synthetic = [row for row in rows if row in made]
    assert len(synthetic) == len(set(synthetic)) == totals.served > 0
    assert totals.rejected > 0


class Variants(Generator):
    """Says each real image again, or another shape in its place."""

    conditioning = "twin"

    def __init__(self, lies: bool) -> None:
        self.lies = lies

    def fingerprint(self) -> str:
        return f"variants-{self.lies}"

    def generate(self, requests: Sequence[Request]) -> list[Record]:
        made = []
        for request in requests:
            assert request.twin is not None
            label = int(request.twin["label"])  # type: ignore[arg-type]
            image = shape((label + self.lies) % 3, 500 + request.seed % 1000)
            made.append(Record({"image": image, "label": label}))
        return made


@pytest.mark.parametrize("lies", [False, True])
def test_a_gate_for_labels_finds_them_out(tmp_path: Path, lies: bool) -> None:
    real = [(shape(i % 3, i), i % 3) for i in range(90)]
    gates = [sa.LabelConsistency()]
    mixed = sa.mix(DataLoader(real, 9), Variants(lies), 0.5, gates=gates, cache=tmp_path, pool=20)
    for _ in mixed:
        pass
    totals = mixed.feed.totals
    assert totals.served >= (0 if lies else 30)
    assert totals.rejected >= (30 if lies else 0)
