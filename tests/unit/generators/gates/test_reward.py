from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_synthaug.data import Record
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import RewardScore
from tests.helpers.tiny_models import save_classifier

SAID = ["the film was fine", "awful", "a very lovely cat and a dog", "not fine " * 40]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    save_classifier(root / "reward")
    save_classifier(root / "classifier", outputs=3)
    return root


def scores(gate: RewardScore, said: list[str]) -> np.ndarray:
    gate.load()
    return gate.score([Request(None, 0)] * len(said), [Record({"text": text}) for text in said])


def logits(folder: Path) -> torch.Tensor:
    """What the model itself says, one text at a time."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        rows = [
            model(**tokenizer(text, truncation=True, max_length=24, return_tensors="pt")).logits
            for text in SAID
        ]
    return torch.cat(rows)


def test_the_score_is_what_the_model_itself_gives(folder: Path) -> None:
    reward = logits(folder / "reward")[:, 0].numpy()
    np.testing.assert_allclose(scores(RewardScore(folder / "reward"), SAID), reward, atol=1e-4)
    shares = logits(folder / "classifier").softmax(1)[:, 2].numpy()
    gate = RewardScore(folder / "classifier", output=2)
    np.testing.assert_allclose(scores(gate, SAID), shares, atol=1e-4)


def test_texts_are_accepted_by_their_score(folder: Path) -> None:
    reward = logits(folder / "reward")[:3, 0].numpy()
    records = [Record({"text": text}) for text in SAID[:3]]
    middle = float(np.sort(reward)[:2].mean())
    for higher in (True, False):
        gate = RewardScore(folder / "reward", threshold=middle, higher_is_better=higher)
        gate.load()
        verdicts = gate.judge([Request(None, 0)] * 3, records)
        assert [v.accepted for v in verdicts] == [(r >= middle) == higher for r in reward]


def test_which_of_several_outputs_counts_must_be_said(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"which of the 3 outputs .*got None.*LABEL_2.*SA460"):
        RewardScore(folder / "classifier").load()
    with pytest.raises(ConfigError, match=r"the 1 outputs .*got 1.*SA460"):
        RewardScore(folder / "reward", output=1).load()
    assert len({RewardScore(folder / "classifier", output=i).fingerprint() for i in range(3)}) == 3


def test_a_tokenizer_without_padding_goes_on_with_its_end(folder: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    copy = save_classifier(tmp_path / "endless")
    tokenizer = AutoTokenizer.from_pretrained(copy)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(copy)
    padded, plain = scores(RewardScore(copy), SAID), scores(RewardScore(folder / "reward"), SAID)
    np.testing.assert_allclose(padded, plain, atol=1e-4)


def test_what_is_no_text_or_no_threshold_is_refused(folder: Path) -> None:
    gate = RewardScore(folder / "reward")
    gate.load()
    with pytest.raises(GateError, match="SA450"):
        gate.score([Request(None, 0)], [Record({"label": 3})])
    with pytest.raises(ConfigError, match="SA452"):
        RewardScore(folder / "reward", threshold=float("nan"))
