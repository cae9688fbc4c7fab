"""One run: a network, trained on one arm and tested on the speaker left out."""

from __future__ import annotations

import argparse
import itertools
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, RandomSampler

import lightning_synthaug as sa
from spoken.config import ARMS, BATCH, DIGITS, POOL, RATE, RATE_OF_LEARNING, SECONDS, STEPS
from spoken.data import Spoken


def network() -> nn.Module:
    """A small convolutional network."""

    def block(before: int, after: int) -> list[nn.Module]:
        return [
            nn.Conv2d(before, after, 3, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]

    return nn.Sequential(
        *block(1, 16), *block(16, 32), *block(32, 64),
        nn.AdaptiveAvgPool2d((2, 4)), nn.Flatten(), nn.Dropout(0.3), nn.Linear(512, 10),
    )  # fmt: skip


def accuracy(
    arm: str,
    shots: int,
    seed: int,
    data: dict[tuple[int, str], list[Any]],
    args: argparse.Namespace,
) -> float:
    """Train one network and test it on the speaker left out."""
    names, ratio, transformed = ARMS[arm]
    speakers = sorted({speaker for _, speaker in data})
    unseen = speakers[seed % len(speakers)]
    rng = np.random.default_rng([seed, 17])
    train = []
    for digit in range(10):
        known = [w for s in speakers if s != unseen for w in data[digit, s]]
        # The first of a longer draw: the recordings of 3 shots are among those of 20.
        train += [(known[i], digit) for i in rng.permutation(len(known))[:shots]]
    real = Spoken(train)
    torch.manual_seed(seed)
    model = network()
    whole: Dataset[Any] = ConcatDataset([real] * -(-STEPS * BATCH // len(real)))
    draw = torch.Generator().manual_seed(seed)
    loader = DataLoader(whole, BATCH, sampler=RandomSampler(whole, generator=draw), drop_last=True)
    options: dict[str, Any] = {"seed": seed, "cache": args.cache, "transform_on": "both"}
    if transformed:
        options["transform"] = sa.transforms.audio("medium", rate=RATE)
    batches: Any = loader
    if names or transformed:
        sources = {name: speech(name, args.piper) for name in names or ["espeak"]}
        batches = sa.mix(loader, sources, ratio, total_batches=STEPS, pool=POOL, **options)
    optimizer = torch.optim.AdamW(model.parameters(), RATE_OF_LEARNING)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, STEPS)
    model.train()
    for spectrograms, labels in itertools.islice(batches, STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(spectrograms), labels).backward()
        optimizer.step()
        schedule.step()
    test = Spoken([(w, digit) for digit in range(10) for w in data[digit, unseen]])
    model.eval()
    with torch.inference_mode():
        right = [model(x).argmax(1) == y for x, y in DataLoader(test, 250)]
    return float(torch.cat(right).float().mean())


def speech(name: str, voices: list[str]) -> Any:
    """Make a generator."""
    from synthaug_speech import EspeakSpeech, PiperSpeech

    form: dict[str, Any] = {"rate": RATE, "seconds": SECONDS}
    return (
        EspeakSpeech(DIGITS, **form)
        if name == "espeak"
        else PiperSpeech(DIGITS, voices=voices, **form)
    )
