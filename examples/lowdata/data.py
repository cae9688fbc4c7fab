"""Three sets of texts: few real ones of each class for training, and all others' own test data."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates.embeddings import SentenceEmbedding
from lightning_synthaug.plan import child_seed
from lowdata.config import CLASSES, SENTIMENT, TRIED_ON

Texts = dict[str, list[str]]
"""Texts by the name of their class."""


@dataclass(frozen=True)
class Task:
    """What a seed trains and is tested on: pairs of a text and a label, and the names of labels."""

    names: list[str]
    train: list[tuple[str, int]]
    test: list[tuple[str, int]]


def read(name: str, folder: Path, *, tried: bool = False) -> tuple[Texts, Texts]:
    """Read what may be trained on, and what is tested on.

    Args:
        name: Name of the set.
        folder: Where it is.
        tried: Only what the configuration was tried on, 10 intents or 600 sentences; else all but these.
    """
    if name == "sentiment":
        pairs = _sentences(folder)
        some = pairs[:600] if tried else pairs[600:]
        tested = len(some) // 2 if tried else 1000
        return _by_class(some[tested:]), _by_class(some[:tested])
    if name == "banking":
        train, test = (_by_class(_rows(folder / f"{part}.csv")) for part in ("train", "test"))
    else:
        parts = json.loads((folder / "data_imbalanced.json").read_text("utf-8"))
        train, test = _by_class(parts["train"]), _by_class(parts["test"])
    order = np.random.default_rng(child_seed(0, "tried-on")).permutation(sorted(train))
    names = order[:TRIED_ON] if tried else order[TRIED_ON:]
    return {n: train[n] for n in names}, {n: test[n] for n in names}


def task(data: tuple[Texts, Texts], encoder: SentenceEmbedding, *, size: int, seed: int) -> Task:
    """Draw classes and few real texts of each; the 10 are among the 50.

    Args:
        data: From `read`.
        encoder: Tells whose names mean nearly the same, where there are many classes.
        size: Texts a class; fewer where a class has fewer.
        seed: Another seed draws other classes and texts.
    """
    train, test = data
    every = sorted(train)
    first = int(np.random.default_rng(child_seed(seed, "classes")).integers(len(every)))
    names = encoder.embed([Record({"text": _said(each)}) for each in every])
    nearest = np.argsort(-names @ names[first], kind="stable")[:CLASSES]
    classes = [every[i] for i in sorted(nearest)]
    drawn = []
    for label, each in enumerate(classes):
        rng = np.random.default_rng(child_seed(seed, "texts", label))
        drawn += [(train[each][i], label) for i in rng.permutation(len(train[each]))[:size]]
    asked = [(text, label) for label, each in enumerate(classes) for text in test[each]]
    return Task([_said(each) for each in classes], drawn, asked)


def _said(name: str) -> str:
    """Say the name of a class."""
    return name.replace("_", " ")


def _sentences(folder: Path) -> list[tuple[str, str]]:
    """Read all sentences, in the order of benchmarks/texts.py, which tries prompts on the first 600."""
    texts = [
        line.rpartition("\t")
        for path in sorted(folder.glob("*_labelled.txt"))
        for line in path.read_bytes().decode("utf-8").split("\n")
        if line.strip()
    ]
    order = np.random.default_rng(child_seed(0, "benchmark-texts")).permutation(len(texts))
    return [(texts[i][0], SENTIMENT[int(texts[i][2])]) for i in order]


def _rows(path: Path) -> list[tuple[str, str]]:
    """Read a table of queries."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def _by_class(pairs: list[tuple[str, str]]) -> Texts:
    """Gather texts by class, each on one line."""
    found: Texts = defaultdict(list)
    for text, name in pairs:
        found[name].append(" ".join(text.split()))
    return found
