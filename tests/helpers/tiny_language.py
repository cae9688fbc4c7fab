"""Language models in miniature: random weights, written and read by transformers like large ones."""

from __future__ import annotations

from pathlib import Path

import torch

_KNOWN = "a the fine old film waiter plays good bad actor with and story of"
WORDS = _KNOWN.split()


def save_masked(folder: Path, *, seed: int = 0) -> Path:
    """Write a BERT that knows a few words."""
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    signs = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "##s", "##ing"]
    words = {word: place for place, word in enumerate([*signs, *WORDS])}
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=48,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertForMaskedLM(config)
    model.save_pretrained(folder)
    BertTokenizerFast(vocab=words).save_pretrained(folder)
    return folder
