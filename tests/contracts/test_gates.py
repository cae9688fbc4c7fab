"""The contract suite on each gate of the package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import (
    ClipScore,
    Gate,
    LabelConsistency,
    LengthRatio,
    Meaning,
    Repetition,
    RewardScore,
    ScoreGate,
    ValidAudio,
    ValidImage,
    ValidTable,
    ValidText,
)
from lightning_synthaug.generators.gates.contract import GateContract
from tests.helpers.samples import pictures, rows, sentences, sounds
from tests.helpers.tiny_models import save_classifier, save_clip


class TestValidImage(GateContract):
    def make(self) -> Gate:
        return ValidImage()

    def make_other(self) -> Gate:
        return ValidImage(size=True)

    def real(self) -> list[Record]:
        return pictures(40)

    def samples(self) -> list[Record]:
        flat = Record({"image": np.full((16, 16, 3), 90, np.uint8)})
        gap = Record({"image": np.full((16, 16, 3), np.nan, np.float32)})
        return [*pictures(4, seed=1), flat, gap]


class TestValidText(GateContract):
    def make(self) -> Gate:
        return ValidText(prompts=("Write a sentence about a waiter.",))

    def make_other(self) -> Gate:
        return ValidText()

    def real(self) -> list[Record]:
        return sentences(60)

    def samples(self) -> list[Record]:
        said = ["", "I'm sorry, but I cannot help with that.", "The old waiter and the"]
        return [*sentences(64)[60:], *(Record({"text": text}) for text in said)]


class TestValidTextByLibrary(TestValidText):
    def make(self) -> Gate:
        return ValidText(language="en")


class TestValidAudio(GateContract):
    def make(self) -> Gate:
        return ValidAudio()

    def make_other(self) -> Gate:
        return ValidAudio(share=0.9)

    def real(self) -> list[Record]:
        return sounds(40)

    def samples(self) -> list[Record]:
        silent = Record({"audio": np.zeros(3000, np.float32), "rate": 8000})
        return [*sounds(4, seed=1), silent]


class TestValidTable(GateContract):
    def make(self) -> Gate:
        return ValidTable()

    def make_other(self) -> Gate:
        return ValidTable(share=0.9)

    def real(self) -> list[Record]:
        return rows(60)

    def samples(self) -> list[Record]:
        some = rows(6, seed=1)
        return [*some, some[0].replace(age=900), some[1].replace(size=float("nan"))]


class TestLabelConsistency(GateContract):
    def make(self) -> Gate:
        return LabelConsistency()

    def make_other(self) -> Gate:
        return LabelConsistency(share=0.9)

    def real(self) -> list[Record]:
        return pictures(40)

    def samples(self) -> list[Record]:
        some = pictures(6, seed=1)
        return [*some, some[0].replace(label=1), some[1].replace(label=0)]


class TestLabelConsistencyOnSounds(TestLabelConsistency):
    def real(self) -> list[Record]:
        return sounds(40)

    def samples(self) -> list[Record]:
        some = sounds(6, seed=1)
        return [*some, some[0].replace(label=1), some[1].replace(label=0)]


def brightness(records: list[Record]) -> list[float]:
    return [float(np.mean(record["image"])) for record in records]


class TestScoreGate(GateContract):
    def make(self) -> Gate:
        return ScoreGate(brightness)

    def make_other(self) -> Gate:
        return ScoreGate(brightness, identity="brightness-2")

    def real(self) -> list[Record]:
        return pictures(40)

    def samples(self) -> list[Record]:
        return [*pictures(4, seed=1), Record({"image": np.zeros((16, 16), np.uint8)})]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    made = {f"clip{seed}": save_clip(folder / f"clip{seed}", seed=seed) for seed in (0, 1)}
    made |= {f"bert{i}": save_classifier(folder / f"bert{i}", seed=i) for i in (0, 1)}
    return {name: str(path) for name, path in made.items()}


@pytest.fixture
def models(request: pytest.FixtureRequest, folders: dict[str, str]) -> None:
    request.instance.models = folders


def middle(gate: ClipScore | RewardScore, requests: Sequence[Request], of: list[Record]) -> float:
    """A threshold between the scores of samples, wherever random weights put them."""
    gate.load()
    return float(np.mean(np.sort(gate.score(requests, of))[1:3]))


@pytest.mark.usefixtures("models")
class TestClipScore(GateContract):
    def make(self, seed: int = 0) -> Gate:
        arguments = {"class_names": ["cat", "dog"]}
        gate = ClipScore(self.models["clip0"], **arguments)
        threshold = middle(gate, self.requests(), self.samples())
        return ClipScore(self.models[f"clip{seed}"], threshold=threshold, **arguments)

    def make_other(self) -> Gate:
        return self.make(seed=1)

    def samples(self) -> list[Record]:
        return pictures(5, seed=1)


@pytest.mark.usefixtures("models")
class TestRewardScore(GateContract):
    def make(self, seed: int = 0) -> Gate:
        gate = RewardScore(self.models["bert0"])
        threshold = middle(gate, self.requests(), self.samples())
        return RewardScore(self.models[f"bert{seed}"], threshold=threshold)

    def make_other(self) -> Gate:
        return self.make(seed=1)

    def samples(self) -> list[Record]:
        said = ["the film was fine", "awful", "a very lovely cat", "not a film and not a dog"]
        return [Record({"text": text}) for text in said]


@pytest.mark.usefixtures("models")
class TestRewardScoreByRealTexts(TestRewardScore):
    def make(self, seed: int = 0) -> Gate:
        return RewardScore(self.models[f"bert{seed}"], share=0.5)

    def real(self) -> list[Record]:
        return self.samples()


class TestRepetition(GateContract):
    def make(self) -> Gate:
        return Repetition()

    def make_other(self) -> Gate:
        return Repetition(share=0.9)

    def real(self) -> list[Record]:
        return pictures(60)

    def samples(self) -> list[Record]:
        return [*pictures(4, seed=1), *pictures(2, seed=1)]


class OfVariants(GateContract):
    def requests(self) -> list[Request]:
        return [Request(1, i, twin=twin) for i, twin in enumerate(sentences(5))]

    def samples(self) -> list[Record]:
        return [*sentences(3), *sentences(30)[28:29], Record({"text": "Short.", "label": 1})]


class TestLengthRatio(OfVariants):
    def make(self) -> Gate:
        return LengthRatio()

    def make_other(self) -> Gate:
        return LengthRatio((0.9, 1.1))


class TestMeaning(OfVariants):
    @pytest.fixture(autouse=True)
    def _model(self, tmp_path: Path) -> None:
        self.model = save_classifier(tmp_path, head=False)

    def make(self) -> Gate:
        return Meaning(self.model, band=(0.9, 0.99))

    def make_other(self) -> Gate:
        return Meaning(self.model, band=(0.1, 0.2))
