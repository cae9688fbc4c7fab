"""One run: a learner, trained on one arm."""

from __future__ import annotations

import itertools
import logging
import re
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates import Meaning
from lightning_synthaug.generators.gates.embeddings import SentenceEmbedding
from lightning_synthaug.plan import child_seed
from lowdata.config import ARMS, BATCH, NEAR, PARAPHRASER, POOL, RATE, STEPS, SURE, WRITER
from lowdata.data import Task

_BUCKETS, _WIDTH = 8192, 64


class Pairs(Dataset[Any]):
    """Texts and labels, as a user's dataset has them."""

    def __init__(self, items: list[tuple[str, int]]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[str, int]:
        return self.items[index]


class Words:
    """Numbers of words and pairs of words, padded with 0: a collate function that knows no vocabulary."""

    def __call__(self, texts: list[str]) -> Tensor:
        rows = [[1 + zlib.crc32(g.encode()) % (_BUCKETS - 1) for g in _grams(t)] for t in texts]
        longest = max(map(len, rows))
        return torch.tensor([row + [0] * (longest - len(row)) for row in rows])


class Embedded:
    """Vectors of a frozen sentence encoder; each text is embedded once."""

    def __init__(self, encoder: SentenceEmbedding) -> None:
        self.encoder = encoder
        self.known: dict[str, np.ndarray] = {}

    def __call__(self, texts: list[str]) -> Tensor:
        new = sorted({text for text in texts if text not in self.known}, key=len)
        if new:
            made = self.encoder.embed([Record({"text": text}) for text in new])
            self.known.update(zip(new, made, strict=True))
        return torch.from_numpy(np.stack([self.known[text] for text in texts]))


def _grams(text: str) -> Iterator[str]:
    words = re.findall(r"[\w']+|[!?]", text.lower()) or [""]
    yield from words
    yield from map(" ".join, itertools.pairwise(words))


class Classifier(LightningModule):
    """A linear layer on a text's vector, which is given or the mean over its words."""

    def __init__(self, learner: str, classes: int) -> None:
        super().__init__()
        self.learner = learner
        if learner == "words":
            bag = nn.EmbeddingBag(_BUCKETS, _WIDTH, mode="mean", padding_idx=0)
            nn.init.normal_(bag.weight, std=0.1)
            self.net = nn.Sequential(bag, nn.Dropout(0.3), nn.Linear(_WIDTH, classes))
        else:
            self.net = nn.Sequential(nn.Linear(384, classes))

    def training_step(self, batch: Any, _: int) -> Tensor:
        seen, labels = batch
        return F.cross_entropy(self.net(seen), labels)

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters(), RATE[self.learner], weight_decay=0.01)


@cache
def embedded(folder: Path) -> Embedded:
    """The encoder of a folder, read once."""
    return Embedded(SentenceEmbedding(folder))


def accuracy(task: Task, arm: str, learner: str, seed: int, args: Any) -> float:
    """Train one learner and test it."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    see = Words() if learner == "words" else embedded(args.encoder)

    def collate(pairs: list[tuple[str, int]]) -> tuple[Tensor, Tensor]:
        return see([text for text, _ in pairs]), torch.tensor([label for _, label in pairs])

    data = Pairs(task.train)
    many = BATCH * STEPS[learner] // 2  # two epochs, however few texts there are
    loader = DataLoader(
        data, BATCH, sampler=RandomSampler(data, num_samples=many), collate_fn=collate
    )
    aug = augmentation(task, arm, seed, args)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(child_seed(seed, "low-data-weights"))  # the same in each arm
        model = Classifier(learner, len(task.names))
        quiet = ["logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"]
        options: Any = {"max_steps": STEPS[learner], "max_epochs": -1, "accelerator": "cpu"}
        options |= dict.fromkeys(quiet, False)
        Trainer(**options, callbacks=[aug] if aug else []).fit(model, loader)
    model.eval()
    with torch.inference_mode():
        right = [
            model.net(seen).argmax(1) == labels
            for seen, labels in DataLoader(Pairs(task.test), 250, collate_fn=collate)
        ]
    return float(torch.cat(right).float().mean())


def augmentation(task: Task, name: str, seed: int, args: Any) -> sa.SynthAug | None:
    """The callback of an arm; none for real texts as they are."""
    arm = ARMS[name]
    if not arm.sources and not arm.eda:
        return None
    encoder = embedded(args.encoder).encoder
    label = sa.LabelConsistency(SURE, embedding=encoder)
    sources: dict[str, Any] = {}
    gates: dict[str, Any] = {}
    for source in arm.sources or ("back",):
        if source == "back":
            made: Any = sa.BackTranslation(pivots=["spa"])
            gates[source] = []
        elif source == "write":
            made = sa.LanguageModelWriter(args.model, task.train, class_names=task.names, **WRITER)
            whole, _, *others = made.default_gates()
            gates[source] = [whole, label, *others]
        else:
            made = sa.LanguageModelParaphraser(args.model, **PARAPHRASER)
            gates[source] = [*made.default_gates(), Meaning(encoder, band=NEAR), label]
        sources[source] = made
    return sa.SynthAug(
        sources,
        ratio=arm.ratio,
        transform=sa.transforms.text("eda", samples=len(task.train)) if arm.eda else None,
        gates=gates,
        pool=POOL,
        cache=args.cache,
        seed=seed,
    )
