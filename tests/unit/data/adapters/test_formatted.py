"""Hugging Face datasets whose transform is a tokenizer, with the real library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.data import Record, adapt
from lightning_synthaug.data.adapters import FormattedAdapter
from tests.helpers.samples import sentences
from tests.helpers.tiny_language import save_causal

datasets: Any = pytest.importorskip("datasets", reason="datasets is not installed")
TEXTS = [str(record["text"]) for record in sentences(24)]


def tokens(text: str) -> torch.Tensor:
    """One number a letter, 64 of them."""
    codes = [ord(sign) % 128 for sign in text[:64]]
    return torch.tensor(codes + [0] * (64 - len(codes)))


def formatted() -> Any:
    rows = {"text": TEXTS, "label": [place % 2 for place in range(len(TEXTS))]}

    def encode(batch: dict[str, list[Any]]) -> dict[str, Any]:
        return {"input_ids": [tokens(text) for text in batch["text"]], "labels": batch["label"]}

    return datasets.Dataset.from_dict(rows).with_transform(encode)


def test_records_are_rows_and_items_are_what_the_dataset_returns() -> None:
    dataset = formatted()
    adapter = adapt(dataset)
    assert isinstance(adapter, FormattedAdapter)
    assert adapter.record(3) == Record({"text": TEXTS[3], "label": 1})
    assert adapter.has_records and adapter.stack({}) is None
    made, real = adapter.item(adapter.record(3)), dataset[3]
    assert made.keys() == real.keys()
    assert torch.equal(made["input_ids"], real["input_ids"]) and made["labels"] == real["labels"]
    other = adapter.item(Record({"text": "A new one.", "label": 0}))
    assert torch.equal(other["input_ids"], tokens("A new one."))


def test_texts_of_a_language_model_are_tokenised_like_real_ones(tmp_path: Path) -> None:
    writer = sa.LanguageModelParaphraser(
        save_causal(tmp_path / "model"), prompt="{text}\nAgain:", longest=8, batch_size=4
    )
    mixed = sa.mix(
        DataLoader(formatted(), batch_size=8),
        writer,
        ratio=0.5,
        gates=(),
        labels=[0, 1] * 12,
        cache=tmp_path / "c",
    )
    batches = [batch["input_ids"] for batch in mixed]
    assert all(batch.shape == (8, 64) for batch in batches)
    real = {tuple(tokens(text).tolist()) for text in TEXTS}
    new = [row for batch in batches for row in batch.tolist() if tuple(row) not in real]
    assert len(new) >= 10  # half of 24, but for those that were turned down
