"""Augmenters of the real nlpaug, as users bring them."""

from __future__ import annotations

import random
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.data.transforms import NlpaugTransform
from lightning_synthaug.data.transforms.nlpaug import is_nlpaug
from lightning_synthaug.errors import DataError, MissingDependency
from lightning_synthaug.generators.promises import random_states

naw: Any = pytest.importorskip("nlpaug.augmenter.word", reason="nlpaug is not installed")
naf: Any = pytest.importorskip("nlpaug.flow")
nac: Any = pytest.importorskip("nlpaug.augmenter.char")

RECORD = Record({"text": "The old waiter brings a cup of very good coffee.", "label": 1})


class Shout(naw.RandomWordAug):  # type: ignore[misc]
    """A class of the user's."""

    def delete(self, data: str) -> str:
        return data.upper() + "!" * random.randint(1, 9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: naw.RandomWordAug(action="swap"),
        nac.KeyboardAug,
        naw.SpellingAug,
        Shout,
        lambda: naf.Sequential([naw.RandomWordAug(action="delete"), nac.OcrAug()]),
        lambda: naf.Sometimes([naw.SplitAug(), nac.RandomCharAug(action="insert")]),
    ],
)
def test_the_seed_decides_and_global_states_stay(make: Any) -> None:
    transform = build_transform(make())
    assert isinstance(transform, NlpaugTransform)
    before = random_states()
    made = [transform.apply(RECORD, seed) for seed in range(30)]
    assert random_states() == before
    assert len({one["text"] for one in made}) > 5
    assert all(one["label"] == 1 for one in made)
    random.random()
    assert made == [build_transform(make()).apply(RECORD, seed) for seed in range(30)]


def test_a_text_of_which_nothing_is_left_stays() -> None:
    empty = Record({"text": ""})
    assert build_transform(naw.SpellingAug()).apply(empty, 0) == empty


def test_only_texts_are_changed() -> None:
    with pytest.raises(DataError, match="SA212"):
        build_transform(nac.KeyboardAug()).apply(Record({"label": 1}), 0)

    class Numbers(naw.RandomWordAug):  # type: ignore[misc]
        def delete(self, data: str) -> int:
            return 3

    with pytest.raises(DataError, match="SA212"):
        build_transform(Numbers()).apply(RECORD, 0)


def test_nothing_is_downloaded_in_the_middle_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nlpaug does where its tagger lacks data: it calls nltk's downloader, and tries again."""
    asked: list[str] = []
    nltk = SimpleNamespace(download=asked.append)
    monkeypatch.setitem(sys.modules, "nltk", nltk)

    class Tagger(naw.RandomWordAug):  # type: ignore[misc]
        def delete(self, data: str) -> str:
            sys.modules["nltk"].download("averaged_perceptron_tagger")
            return data

    class NewerTagger(naw.RandomWordAug):  # type: ignore[misc]
        def delete(self, data: str) -> str:
            raise LookupError("Resource 'averaged_perceptron_tagger_eng' not found.")

    for kind, name in ((Tagger, "tagger."), (NewerTagger, "tagger_eng.")):
        with pytest.raises(MissingDependency, match="SA831") as caught:
            build_transform(kind()).apply(RECORD, 0)
        assert f"nltk.downloader averaged_perceptron_{name}" in str(caught.value)
    assert asked == []
    nltk.download("the user's own")
    assert asked == ["the user's own"]


def test_others_are_told_apart() -> None:
    assert is_nlpaug(nac.KeyboardAug()) and is_nlpaug(Shout())
    assert not is_nlpaug(random.Random(0))
