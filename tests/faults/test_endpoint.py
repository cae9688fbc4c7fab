"""Real trainings with samples from a server that dies, refuses, hangs and lies: they finish, and nothing is lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule
from synthaug_endpoint import Budget, Endpoint, EndpointParaphraser
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.mixing import Ledger
from lightning_synthaug.store import Store
from tests.helpers.language_server import LanguageServer
from tests.helpers.recorder import trainer
from tests.helpers.tiny_language import CORPUS, save_causal

SIZE, BATCH = 24, 8
REAL = [(text, place % 2) for place, text in enumerate(CORPUS[:SIZE])]
KEY = "sk-this-is-the-secret-0987654321"
#: Why variants are turned down for what they are: a random model's, and those that the server refuses.
OWN = ("empty", "the same as the real text", "the server answers 400: no: Bearer ***")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    server = LanguageServer(save_causal(tmp_path_factory.mktemp("causal"), length=1024))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(serving: LanguageServer) -> LanguageServer:
    serving.start()
    serving.faults()
    return serving


class Reader(LightningModule):
    """Learns from the bytes of texts, and remembers what it read."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(256, 2)
        self.read: Counter[bool] = Counter()

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        texts, labels = batch
        info = sa.batch_info(self)
        self.read.update(info.is_synthetic.tolist())
        for text, synthetic in zip(texts, info.is_synthetic, strict=True):
            assert text in CORPUS or synthetic
        rows = [torch.bincount(torch.tensor([*text.encode()]), minlength=256) for text in texts]
        return torch.nn.functional.cross_entropy(self.layer(torch.stack(rows).float()), labels)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.001)


class Watcher(Callback):
    """Mends the server some time after it is due, and ends the training once enough was served since.

    Args:
        due: Whether the server shows its fault; None: it is never mended.
        mend: Mends it.
        enough: Samples to be served after that.
        most: Batches after which training ends in any case.
    """

    def __init__(
        self, due: Any = None, mend: Any = None, *, enough: int = 40, most: int = 100_000
    ) -> None:
        self.due, self.mend, self.enough, self.most = due, mend, enough, most
        self.batches, self.since, self.goal = 0, 0.0, 10**9

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        time.sleep(0.005)
        self.batches += 1
        self.totals = trainer.callbacks[0].feed.totals
        if self.due is not None and self.batches % 10 == 0 and self.due():
            self.due, self.since = None, time.monotonic()
        if self.since and time.monotonic() > self.since + 2.0:  # longer than a text may take
            self.since, self.goal = 0.0, self.totals.served + self.enough
            self.mend()
        trainer.should_stop = self.totals.served >= self.goal or self.batches >= self.most


def fit(
    server: LanguageServer, folder: Path, watcher: Callback, fill: str, epochs: int, **more: Any
) -> Reader:
    endpoint = Endpoint(server.url, "tiny", **{"timeout": 1.0, "concurrency": 4, **more})
    source = EndpointParaphraser(endpoint, prompt="Otherwise: {text}\nAgain:", longest=6)
    source.batch_size = 6
    aug = sa.SynthAug(
        {"para": source},
        0.5,
        fill=fill,
        gates=[],
        cache=folder / "cache",
        ledger=folder / "ledger",
        seed=3,
    )
    model = Reader()
    run = trainer(max_epochs=epochs, callbacks=[aug, watcher])
    run.fit(model, DataLoader(REAL, BATCH, shuffle=True))
    assert run.state.finished
    return model


def told(folder: Path) -> tuple[Any, Any]:
    """What the ledger says: of what was served, and of what was made."""
    ledger = Ledger.read(folder / "ledger")
    return ledger.sums().sources["para"], ledger.made["para"]


def clean(folder: Path) -> int:
    """Check that nothing in the cache is damaged, and that no sample is given up for what was not its fault."""
    with Store.open(folder / "cache") as store:
        assert store.verify() == []
        assert {sample.provenance["served_model"] for sample in store.samples()} <= {"tiny"}
        rejected = told(folder)[1].rejected
        own = sum(count for why, count in rejected.items() if why in OWN)
        assert store.stats().tombstones <= own
        return int(store.stats().samples)


class Back(Callback):
    """Has the server come back before the second epoch."""

    def __init__(self, server: LanguageServer) -> None:
        self.server = server

    def on_train_epoch_end(self, *_: Any) -> None:
        self.server.start()


FAULTS = ["status 429 Retry-After=1", "status 500", "malformed", "nonsense", "cut", "truncated"]
FAULTS += ["status 400", *["hang"] * 4]


@pytest.mark.parametrize(
    ("faults", "always", "told_of"),
    [
        (["none"] * 6 + ["die"], None, "the server cannot be reached"),
        (["none", *FAULTS], "status 503", "the server answers 503"),
    ],
    ids=["dies", "refuses-and-hangs"],
)
def test_training_goes_on_beside_a_server_that_fails_and_comes_back(
    server: LanguageServer, tmp_path: Path, faults: list[str], always: str | None, told_of: str,
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("OWN_KEY", KEY)
    server.faults(*faults, always=always)
    if always is None:
        watcher = Watcher(lambda: not server.serves(), server.start)
    else:
        watcher = Watcher(lambda: len(server.log()["asked"]) > len(faults), server.faults)
    model = fit(server, tmp_path, watcher, "background", 100_000, key_from="OWN_KEY")
    sums, made = told(tmp_path)
    assert model.read[True] == sums.served == watcher.totals.served >= 40
    assert sums.planned == sums.served + sum(sums.substituted.values())
    assert sums.substituted["starved"] > 0
    assert made.asked == made.made + sum(made.rejected.values())
    assert made.rejected[told_of] > 0
    # What was made when training ended is kept; nobody told of it any more.
    assert 0 <= clean(tmp_path) - made.made <= 6
    said = capfd.readouterr().err
    assert "'para' cannot make samples for now (the " in said
    assert "given up" not in said
    assert "started again" not in said
    assert {each["key"] for each in server.log()["asked"]} == {f"Bearer {KEY}"}
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) > 2
    assert not [path for path in left if KEY.encode() in path.read_bytes()]
    assert KEY not in said


def test_an_epoch_is_trained_without_a_server_that_is_away_and_the_next_ones_with_it(
    server: LanguageServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.faults("none", "none", "none", "die")
    fit(server, tmp_path, Back(server), "ahead", 3)
    sums, made = told(tmp_path)
    first = Ledger.read(tmp_path / "ledger").sums(0, SIZE // BATCH).sources["para"]
    assert first.planned == SIZE // 2
    assert first.substituted["starved"] == sums.substituted["starved"] > 0
    assert made.made == clean(tmp_path) > 3
    assert "makes no more samples for now (the server cannot be reached)" in capfd.readouterr().err


@pytest.mark.parametrize("fill", ["ahead", "background"])
def test_a_budget_ends_the_making_and_not_the_training(
    server: LanguageServer, tmp_path: Path, fill: str, capfd: pytest.CaptureFixture[str]
) -> None:
    budget = Budget(tmp_path / "spent.json", tokens=400)
    if fill == "background":
        spent = Watcher(lambda: len(server.log()["asked"]) > 4, lambda: None, enough=0)
        fit(server, tmp_path, spent, fill, 100_000, budget=budget)
    else:
        fit(server, tmp_path, Watcher(), fill, 4, budget=budget)
    sums, made = told(tmp_path)
    assert made.rejected["the budget is spent"] > 0
    assert 0 < sums.served < sums.planned
    assert 0 < server.log()["tokens"] <= 400
    assert 0 <= clean(tmp_path) - made.made <= 6
    if fill == "ahead":  # a producer says it once nothing else is left to make
        assert "the budget is spent" in capfd.readouterr().err
