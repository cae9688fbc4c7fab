"""Labels for a generator that takes none: a classifier, fitted on few real samples, sorts a shelf of its samples."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

import lightning_synthaug as sa
from lightning_synthaug.generators import request_seed
from lightning_synthaug.generators.gates.embeddings import OrientedGradients

VARIANTS = 10  # of each real sample, for the classifier


class Labelled(sa.Generator):
    """Answer a request with a sample that the classifier takes for its label, or reject it.

    The classifier sees the real training samples and nothing else: it errs where they are few. Of the samples that it
    takes for a label, the share that it is surest of is served; whether these are good enough is for gates to say.
    """

    conditioning = "class"

    def __init__(
        self,
        generator: sa.Generator,
        real: Sequence[sa.Record],
        *,
        shelf: int = 1500,
        seed: int = 0,
        share: float = 0.5,
    ) -> None:
        self.generator, self.real = generator, real
        self.shelf, self.seed, self.share = shelf, seed, share
        self.name, self.licence = generator.name, generator.licence
        self.labels = frozenset(record["label"] for record in real)

    def settings(self) -> dict[str, Any]:
        return {"shelf": self.shelf, "seed": self.seed, "share": self.share, "version": 1}

    def fingerprint(self) -> str:
        real = sorted(record.digest().hex() for record in self.real)
        text = repr((self.generator.fingerprint(), self.settings(), real))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def load(self, device: str = "cpu") -> None:
        super().load(device)
        embedding = OrientedGradients()
        known = [embedding.embed(self.real), embedding.variants(self.real, VARIANTS)]
        labels = np.tile([record["label"] for record in self.real], 1 + VARIANTS)
        classifier = LogisticRegression(C=10.0, max_iter=1000).fit(np.concatenate(known), labels)
        self.images = shelf(self.generator, self.shelf, self.seed, device)
        probable = classifier.predict_proba(embedding.embed(self.images))
        self.choices = {}
        for place, label in enumerate(classifier.classes_.tolist()):
            taken = np.flatnonzero(probable.argmax(1) == place)
            surest = taken[np.argsort(-probable[taken, place], kind="stable")]
            self.choices[label] = surest[: math.ceil(self.share * len(taken))]

    def unload(self) -> None:
        super().unload()
        del self.images, self.choices

    def generate(self, requests: Sequence[sa.Request]) -> list[sa.Record | sa.Rejection]:
        return [self.choose(request) for request in requests]

    def choose(self, request: sa.Request) -> sa.Record | sa.Rejection:
        choices = self.choices[request.label]
        if not len(choices):
            return sa.Rejection("no sample shows this label")
        image = self.images[np.random.default_rng(request.seed).choice(choices)]["image"]
        return sa.Record({"image": image, "label": request.label})


@lru_cache(maxsize=1)  # other real samples sort the same shelf
def shelf(generator: sa.Generator, count: int, seed: int, device: str) -> list[sa.Record]:
    numbers = range(count)
    requests = [sa.Request(None, n, seed=request_seed(seed, label=None, number=n)) for n in numbers]
    generator.load(device)
    made = generator.generate(requests)
    generator.unload()
    return [sample for sample in made if isinstance(sample, sa.Record)]
