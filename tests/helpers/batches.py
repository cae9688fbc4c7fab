"""Sentences of traced samples, batch samplers that go by their lengths, and what a model is then trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset, Sampler

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.generators import Generator, Request
from tests.helpers.recorder import LIGHTNING
from tests.helpers.traced import CLASSES, Sample

WORDS = 400


def sentence(sample: Sample, length: int) -> torch.Tensor:
    """Words that tell the sample; none of them is the padding, 0."""
    return torch.tensor(
        [sample.source + 1, sample.label + 1, sample.index + 1] + [9] * (length - 3)
    )


def read_words(words: torch.Tensor) -> list[Sample]:
    return [Sample(s - 1, y - 1, i - 1) for s, y, i, *_ in words.tolist()]


class Sentences(Dataset[Any]):
    """Sentences of 3 to 12 words with their labels."""

    def __init__(self, size: int, *, source: int = 0, length: int | None = None) -> None:
        self.source = source
        self.lengths = [length or 3 + (i * 7) % 10 for i in range(size)]
        self.targets = [i % CLASSES for i in range(size)]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        label = self.targets[index]
        return sentence(Sample(self.source, label, index), self.lengths[index]), label


class LengthBuckets(Sampler[Any]):
    """Batches of sentences of alike lengths, in random order; it has a length."""

    def __init__(self, lengths: Sequence[int], batch: int, width: int = 4) -> None:
        self.lengths, self.batch, self.width = lengths, batch, width

    def __len__(self) -> int:
        kinds = [n // self.width for n in self.lengths]
        return sum(-(-kinds.count(k) // self.batch) for k in set(kinds))

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(len(self.lengths)).tolist()
        buckets: dict[int, list[int]] = {}
        for i in order:
            buckets.setdefault(self.lengths[i] // self.width, []).append(i)
        batches = [
            b[i : i + self.batch] for b in buckets.values() for i in range(0, len(b), self.batch)
        ]
        for place in torch.randperm(len(batches)).tolist():
            yield batches[place]


class TokenBudget(Sampler[Any]):
    """Batches of any sentences as long as these, padded, have few words; how many there are nobody knows before."""

    def __init__(self, lengths: Sequence[int], words: int) -> None:
        self.lengths, self.words = lengths, words

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for i in torch.randperm(len(self.lengths)).tolist():
            if max(self.lengths[j] for j in [*batch, i]) * (len(batch) + 1) > self.words:
                yield batch
                batch = []
            batch.append(i)
        yield batch


def pad(items: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
    words, labels = zip(*items, strict=True)
    return pad_sequence(list(words), batch_first=True), torch.tensor(labels)


def loader_of(sampler: Any, data: Any, **options: Any) -> DataLoader[Any]:
    return DataLoader(data, batch_sampler=sampler, collate_fn=pad, **options)


def as_image(words: torch.Tensor) -> Any:
    """A generator's samples are all of one size."""
    image = np.zeros((1, 12), np.uint8)
    image[0, : len(words)] = words
    return image


class Author(Generator):
    """Write short sentences, as images of one row, that carry the request; class-conditional."""

    conditioning = "class"

    def fingerprint(self) -> str:
        return "author"

    def generate(self, requests: Sequence[Request]) -> list[Record]:
        samples = [Sample(1, int(r.label or 0), r.number) for r in requests]
        return [Record({"image": as_image(sentence(s, 3)), "label": s.label}) for s in samples]


class Paraphraser(Generator):
    """Write a sentence of the length of its twin that carries the twin's number; `log` gets (twin, version)."""

    conditioning = "twin"

    def __init__(self) -> None:
        self.log: list[tuple[int, int]] = []

    def fingerprint(self) -> str:
        return "paraphraser"

    def generate(self, requests: Sequence[Request]) -> list[Record]:
        out = []
        for r in requests:
            assert r.twin is not None
            image = np.array(r.twin["image"])
            self.log.append((int(image[0, 2]) - 1, r.version))
            image[0, 0] = 2
            out.append(Record({"image": image, "label": r.twin["label"]}))
        return out


def to_item(record: Record) -> tuple[torch.Tensor, int]:
    words = np.array(record["image"])[0]
    return torch.from_numpy(words[words > 0]).long(), int(record["label"])  # type: ignore[arg-type]


def to_record(data: Any, index: int) -> Record:
    words, label = data[index]
    return Record({"image": as_image(words), "label": label})


def reader(*, stepping: bool = False) -> Any:
    """A model that writes down the samples of each batch by its number, and its epoch."""

    class Reader(import_module(LIGHTNING).LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.EmbeddingBag(WORDS, CLASSES, padding_idx=0)
            self.seen: dict[int, list[Sample]] = {}
            self.epochs: list[list[int]] = []
            self.widest = 0

        def on_train_epoch_start(self) -> None:
            self.epochs.append([])

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            words, labels = batch
            info = sa.batch_info(self)
            samples = read_words(words)
            assert info.number not in self.seen
            assert [s.source > 0 for s in samples] == info.is_synthetic.tolist()
            assert [s.label for s in samples] == labels.tolist()
            self.seen[info.number] = samples
            self.epochs = self.epochs or [[]]  # an epoch that is gone on with does not start
            self.epochs[-1].append(info.number)
            self.widest = max(self.widest, words.numel())
            loss = torch.nn.functional.cross_entropy(self.layer(words), labels, reduction="none")
            return info.weighted_mean(loss)

        def configure_optimizers(self) -> Any:
            if stepping:
                _ = self.trainer.estimated_stepping_batches
            return torch.optim.SGD(self.parameters(), lr=0.01)

    return Reader()
