"""The plugin against `transformers serve`, which somebody else wrote: a real training, with the server killed amid it.

Skipped unless `SYNTHAUG_SERVE_MODEL` names a folder with a model as safetensors, such as SmolLM2-135M-Instruct, and
`transformers[serving]` is installed. It takes minutes on a CPU, and prints what was written.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import pytorch as pl
from synthaug_endpoint import Endpoint, EndpointParaphraser, EndpointWriter
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Rejection, Request
from lightning_synthaug.mixing import Ledger
from lightning_synthaug.store import Store

MODEL = os.environ.get("SYNTHAUG_SERVE_MODEL", "")
NAMES = ["complaint", "praise"]
REAL = [
    ("The battery died after two days and nobody answers my mails.", 0),
    ("The food was wonderful and the waiter made us laugh all evening.", 1),
    ("I waited forty minutes for a cold soup.", 0),
    ("This phone does everything I hoped for, and the screen is lovely.", 1),
    ("The plot makes no sense and the actors look bored.", 0),
    ("Best film I have seen this year, go and watch it.", 1),
    ("The shoes fell apart in the first week.", 0),
    ("Quick delivery, and it fits perfectly.", 1),
    ("They charged me twice and will not give the money back.", 0),
    ("My children play with it every day.", 1),
    ("The second half of the book drags on a bit.", 0),
    ("A quiet room, a soft bed and a friendly host.", 1),
]
CHAT = "[user]\nSay this review in other words, in one sentence: {text}"

pytestmark = [
    pytest.mark.skipif(not MODEL, reason="SYNTHAUG_SERVE_MODEL names no model"),
    pytest.mark.timeout(1500),
]


class Server:
    """`transformers serve`, which can be killed and started again."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        code = "from transformers.cli.transformers import app; app()"
        how = ["serve", "--host", "127.0.0.1", "--port", str(self.port), "--device", "cpu"]
        place = Path(MODEL)
        self.process = subprocess.Popen([sys.executable, "-c", code, *how], cwd=place.parent)
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).close()
                return
            assert self.process.poll() is None, "install transformers[serving]"
            time.sleep(0.5)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    made.start()
    yield made
    made.kill()


def endpoint(server: Server, **more: Any) -> Endpoint:
    how = {"timeout": 120.0, "concurrency": 2, **more}
    return Endpoint(server.url, Path(MODEL).name, **how)


def written(result: Record | Rejection) -> str:
    """Say what came."""
    return str(result["text"]) if isinstance(result, Record) else repr(result)


def tell(text: str) -> None:
    """Show something to whoever runs this with `-s`."""
    sys.stderr.write(text + "\n")


@pytest.mark.parametrize("prompt", [None, CHAT], ids=["completions", "chat"])
def test_reviews_are_said_otherwise(server: Server, prompt: str | None) -> None:
    generator = EndpointParaphraser(endpoint(server, structured=True), prompt=prompt, longest=40)
    generator.load()
    requests = [
        Request(None, i, seed=2**40 * (i + 1), twin=Record({"text": text, "label": label}))
        for i, (text, label) in enumerate(REAL[:4])
    ]
    began = time.perf_counter()
    made = generator.generate(requests)
    seconds = time.perf_counter() - began
    told = [generator.particulars(request) for request in requests]
    for (text, _), result in zip(REAL, made, strict=False):
        tell(f"  {text}\n    -> {written(result)}")
    tokens = sum(one["tokens"][1] for one in told if one)
    tell(f"{tokens} tokens written in {seconds:.1f} s; {told[0]}")
    assert sum(isinstance(each, Record) for each in made) >= 3
    assert all(one["tries"] == 1 and one["tokens"][0] > 10 for one in told if one)


def test_new_reviews_are_written(server: Server) -> None:
    generator = EndpointWriter(endpoint(server), REAL, class_names=NAMES, shots=4, longest=40)
    generator.load()
    made = generator.generate([Request(i % 2, i, seed=2**50 * (i + 1)) for i in range(4)])
    for i, result in enumerate(made):
        tell(f"  {NAMES[i % 2]}: {written(result)}")
    assert sum(isinstance(each, Record) for each in made) >= 3


class Reader(pl.LightningModule):
    """Learns from the bytes of texts."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(256, 2)

    def training_step(self, batch: Any, _: int) -> torch.Tensor:
        texts, labels = batch
        rows = [torch.bincount(torch.tensor([*text.encode()]), minlength=256) for text in texts]
        return torch.nn.functional.cross_entropy(self.layer(torch.stack(rows).float()), labels)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.001)


class Killer(pl.Callback):
    """Kills the server once something was made, starts it again later, and ends training once that helped."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.made: list[int] = []
        self.down: float | None = None

    def on_train_batch_end(self, trainer: Any, *_: Any) -> None:
        time.sleep(0.01)
        totals = trainer.callbacks[0].feed.totals
        if self.down is None and totals.generated:
            self.made.append(totals.generated)
            self.server.kill()
            self.down = time.monotonic()
        elif self.down is not None and len(self.made) == 1 and time.monotonic() - self.down > 45:
            self.made.append(totals.generated)
            self.server.start()
        trainer.should_stop = len(self.made) == 2 and totals.generated > self.made[1]


def test_training_outlives_the_server(server: Server, tmp_path: Path) -> None:
    source = EndpointParaphraser(endpoint(server, timeout=20.0), longest=40, batch_size=3)
    aug = sa.SynthAug(
        {"para": source},
        0.5,
        fill="background",
        cache=tmp_path / "cache",
        ledger=tmp_path / "ledger",
    )
    killer = Killer(server)
    trainer = pl.Trainer(
        max_epochs=1_000_000,
        accelerator="cpu",
        callbacks=[aug, killer],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    real: Any = REAL  # a list will do for a dataset
    trainer.fit(Reader(), DataLoader(real, batch_size=4))
    ledger = Ledger.read(tmp_path / "ledger")
    sums, made = ledger.sums().sources["para"], ledger.made["para"]
    tell(f"before, after the outage: {killer.made}; {sums}; {made}")
    assert made.rejected["the server cannot be reached"] > 0
    assert sums.planned == sums.served + sum(sums.substituted.values())
    with Store.open(tmp_path / "cache") as store:
        assert store.verify() == []
        assert store.stats().samples == made.made > killer.made[1]
