"""The contract suite on the generators of texts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.fitting import load_fitted
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.contract import GeneratorContract
from lightning_synthaug.generators.text import (
    BackTranslation,
    LanguageModelParaphraser,
    LanguageModelWriter,
)
from tests.helpers.fitted_language import fit_tiny
from tests.helpers.tiny_language import CORPUS, save_causal, save_marian


class OfTwins(GeneratorContract):
    def twin(self, index: int) -> Record:
        return Record({"text": CORPUS[index], "label": index % 2})


class TestBackTranslationSampled(OfTwins):
    @pytest.fixture(autouse=True)
    def _models(self, tmp_path: Path) -> None:
        pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")
        self.model = save_marian(tmp_path / "first")
        self.other = save_marian(tmp_path / "second", seed=5)

    def make(self) -> Generator:
        return BackTranslation(self.model, pivots=["xx"], temperature=0.9, longest=16, batch_size=4)

    def make_other(self) -> Generator:
        return BackTranslation(self.other, pivots=["xx"], temperature=0.9, longest=16, batch_size=4)


class TestBackTranslationByBeams(TestBackTranslationSampled):
    def make(self) -> Generator:
        return BackTranslation(self.model, pivots=["xx"], beams=2, longest=16, batch_size=4)


@pytest.mark.skipif(
    shutil.which("apertium") is None, reason="the program apertium is not installed"
)
class TestBackTranslationByApertium(OfTwins):
    def make(self) -> Generator:
        return BackTranslation(batch_size=6)

    def make_other(self) -> Generator:
        return BackTranslation(field="other")


class TestParaphraser(OfTwins):
    @pytest.fixture(autouse=True)
    def _models(self, tmp_path: Path) -> None:
        self.model = save_causal(tmp_path / "first", chat=True, length=1024)
        self.other = save_causal(tmp_path / "second", seed=5, length=1024)

    def make(self) -> Generator:
        return LanguageModelParaphraser(self.model, longest=8, batch_size=4)

    def make_other(self) -> Generator:
        return LanguageModelParaphraser(self.other, longest=8, batch_size=4)


class TestParaphraserWithAnEncoder(OfTwins):
    @pytest.fixture(autouse=True)
    def _models(self, tmp_path: Path) -> None:
        pytest.importorskip("sentencepiece", reason="sentencepiece is not installed")
        self.model = save_marian(tmp_path)

    def make(self) -> Generator:
        return LanguageModelParaphraser(self.model, prompt="{text}", longest=8, batch_size=4)


class TestWriter(GeneratorContract):
    @pytest.fixture(autouse=True)
    def _models(self, tmp_path: Path) -> None:
        self.model = save_causal(tmp_path, length=1024)

    def make(self) -> Generator:
        real = [(text, place % 3) for place, text in enumerate(CORPUS[:30])]
        return LanguageModelWriter(self.model, real, longest=8, batch_size=4)

    def make_other(self) -> Generator:
        real = [(text, place % 3) for place, text in enumerate(CORPUS[:24])]
        return LanguageModelWriter(self.model, real, longest=8, batch_size=4)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    for seed in (0, 1):
        fit_tiny(folder / str(seed), seed=seed, epochs=1)
    return folder


class TestFittedWriter(GeneratorContract):
    @pytest.fixture(autouse=True)
    def _models(self, fitted: Path) -> None:
        self.folder = fitted

    def make(self) -> Generator:
        return load_fitted(self.folder / "0" / "fitted", longest=8, batch_size=4)

    def make_other(self) -> Generator:
        return load_fitted(self.folder / "1" / "fitted", longest=8, batch_size=4)
