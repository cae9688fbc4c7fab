"""The contract suite on the generators of `examples/pretrained`, with made-up weights of their names and shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.contract import GeneratorContract
from tests.helpers.pretrained_standins import FOLDERS, digits, write_weights


def few_steps(name: str) -> dict[str, Any]:
    quick = {"gen-mnist-ddpm-yichizz": {"steps": 2}}
    quick["gen-mnist-flowvit-sofia"] = {"guidance": 2.0, "steps": 3}
    return {"module_args": quick[name]} if name in quick else {}


class TestPretrained(GeneratorContract):
    @pytest.fixture(autouse=True, params=[*FOLDERS, "gen-mnist-vae-gan-csinva, second"])
    def chosen(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        self.name, _, second = request.param.partition(", ")
        self.which, self.folder = int(bool(second)), tmp_path

    def make(self, seed: int = 0) -> Generator:
        from pretrained import load  # type: ignore[import-not-found]

        folder = self.folder / str(seed) / self.name
        if not folder.exists():
            write_weights(self.name, folder.parent, seed=seed)
        generators = load(folder, batch_size=4, **few_steps(self.name))
        generator: Generator = list(generators.values())[self.which]
        return generator

    def make_other(self) -> Generator:
        return self.make(seed=1)


class TestLabelled(GeneratorContract):
    @pytest.fixture(autouse=True)
    def weights(self, tmp_path: Path) -> None:
        self.folder = write_weights("gen-mnist-vae-gan-csinva", tmp_path)
        images, labels = digits()
        self.real = [
            Record({"image": images[i], "label": int(labels[i])})
            for i in range(len(labels))
            if labels[i] < 3
        ][:30]

    def make(self, seed: int = 0) -> Generator:
        from pretrained import load
        from pretrained.labelled import Labelled  # type: ignore[import-not-found]

        inner = load(self.folder)["vae"]
        generator: Generator = Labelled(inner, self.real, shelf=200, seed=seed)
        return generator

    def make_other(self) -> Generator:
        return self.make(seed=1)
