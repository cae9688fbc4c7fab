"""The ready-made text transforms, through a real loader with workers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.errors import ConfigError, MissingDependency
from lightning_synthaug.transforms.eda import WordEdits
from tests.helpers.samples import sentences
from tests.helpers.tiny_language import save_masked
from tests.helpers.wordnet import save_wordnet

needs_nlpaug = pytest.mark.skipif(
    importlib.util.find_spec("nlpaug") is None, reason="nlpaug is not installed"
)
TEXTS = [str(record["text"]) for record in sentences(24)]
KINDS = [
    "eda",
    "synonyms",
    "insert",
    "swap",
    "delete",
    "contextual",
    pytest.param("keyboard", marks=needs_nlpaug),
    pytest.param("spelling", marks=needs_nlpaug),
]


def transform(kind: Any, tmp_path: Path) -> Any:
    wordnet = save_wordnet(tmp_path / "wn")
    model = save_masked(tmp_path / "bert")
    return sa.transforms.text(kind, strength=0.3, wordnet=wordnet, model=model)


def served(edit: Any, workers: int) -> list[tuple[str, int]]:
    """Two epochs of a mixed loader, all of it transformed."""
    real = [(text, place % 2) for place, text in enumerate(TEXTS)]
    synthetic = [(f"{text} It was made.", place % 2) for place, text in enumerate(TEXTS)]
    loader: DataLoader[Any] = DataLoader(real, batch_size=8, num_workers=workers)  # type: ignore[arg-type]
    mixed = sa.mix(loader, synthetic, ratio=0.3, seed=5, transform=edit, transform_on="both")
    return [
        (text, int(label))
        for _ in range(2)
        for texts, labels in mixed
        for text, label in zip(texts, labels, strict=True)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_texts_for_any_number_of_workers(kind: str, tmp_path: Path) -> None:
    alone = served(transform(kind, tmp_path), 0)
    assert len({text for text, _ in alone} - set(TEXTS)) > (
        3 if kind in ("synonyms", "insert") else 12
    )
    for workers in (1, 4):
        assert served(transform(kind, tmp_path / str(workers)), workers) == alone


@pytest.mark.parametrize(
    ("given", "alpha"),
    [
        ({"samples": 500}, 0.05),
        ({"samples": 2000}, 0.05),
        ({"samples": 5000}, 0.1),
        ({"samples": 100_000}, 0.1),
        ({}, 0.1),
        ({"strength": "light"}, 0.05),
        ({"strength": "strong", "samples": 500}, 0.2),
        ({"strength": 0.4}, 0.4),
    ],
)
def test_strengths_and_what_the_authors_advise(given: Any, alpha: float, tmp_path: Path) -> None:
    made = sa.transforms.text("eda", wordnet=save_wordnet(tmp_path / "wn"), **given)
    assert isinstance(made, WordEdits)
    assert made.alpha == alpha
    assert made.operations == ("synonyms", "insert", "swap", "delete")


@pytest.mark.parametrize(
    "given", [{"kind": "noise"}, {"strength": "mild"}, {"strength": 0}, {"strength": 30}]
)
def test_what_there_is_not_is_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match="SA213"):
        sa.transforms.text(**{"kind": "swap", **given})


def test_nothing_is_needed_that_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nlpaug", None)
    monkeypatch.setitem(sys.modules, "nlpaug.augmenter", None)
    edit = build_transform(sa.transforms.text("swap"))
    assert edit.apply(Record({"text": TEXTS[0]}), 3)["text"] != TEXTS[0]
    with pytest.raises(MissingDependency, match="SA830"):
        sa.transforms.text("keyboard")


def test_nlpaug_is_not_imported_before_it_is_used() -> None:
    code = (
        "import sys, lightning_synthaug as sa; sa.transforms.text('delete')\n"
        "assert not {'nlpaug', 'nltk', 'transformers', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
