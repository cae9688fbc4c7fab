"""Language models in miniature: random weights, written and read by transformers like large ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from tests.helpers.samples import sentences

_KNOWN = "a the fine old film waiter plays good bad actor with and story of"
WORDS = _KNOWN.split()
#: What tokenizers are trained on.
CORPUS = [str(record["text"]) for record in sentences(400)]


def save_masked(folder: Path, *, seed: int = 0) -> Path:
    """Write a BERT that knows a few words."""
    from transformers import BertConfig, BertForMaskedLM, BertTokenizer

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
    _made(BertForMaskedLM, config, seed).save_pretrained(folder)
    BertTokenizer(vocab=words).save_pretrained(folder)
    return folder


def save_marian(folder: Path, *, seed: int = 0) -> Path:
    """Write a translator with a sentencepiece that is trained here."""
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    files = _pieces(folder / "made")
    tokenizer = MarianTokenizer(str(files["spm"]), str(files["spm"]), str(files["vocab"]))
    size = len(json.loads(files["vocab"].read_text()))
    config = MarianConfig(vocab_size=size, **_sizes(tokenizer, tokenizer.pad_token_id))
    _made(MarianMTModel, config, seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_m2m(folder: Path, *, seed: int = 0) -> Path:
    """Write a translator of many languages in one model."""
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer

    files = _pieces(folder / "made")
    tokenizer = M2M100Tokenizer(str(files["vocab"]), str(files["spm"]))
    config = M2M100Config(vocab_size=300, **_sizes(tokenizer, tokenizer.eos_token_id))
    _made(M2M100ForConditionalGeneration, config, seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_causal(folder: Path, *, seed: int = 0, chat: bool = False, length: int = 512) -> Path:
    """Write a Llama with byte-level pieces that are trained here."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    signs = ["<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=signs, initial_alphabet=alphabet)
    words.train_from_iterator(CORPUS, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>", eos_token="</s>")
    if chat:
        tokenizer.chat_template = (
            "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"
            "{% if add_generation_prompt %}<s>assistant: {% endif %}"
        )
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=length,
        initializer_range=0.3,
        bos_token_id=0,
        eos_token_id=1,
    )
    _made(LlamaForCausalLM, config, seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _made(kind: Any, config: Any, seed: int) -> Any:
    """Make a model without moving the random state of the tests."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(config)


def _sizes(tokenizer: Any, start: int) -> dict[str, Any]:
    """Settings of a small encoder and decoder."""
    return {
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 32,
        "decoder_ffn_dim": 32,
        "max_position_embeddings": 96,
        "init_std": 1.0,
        "tie_word_embeddings": False,  # tied, a random model repeats one piece
        "decoder_start_token_id": start,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": None,
        "forced_eos_token_id": None,
    }


def _pieces(folder: Path) -> dict[str, Path]:
    """Train a sentencepiece, and number its pieces."""
    import sentencepiece

    folder.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS),
        model_prefix=str(folder / "pieces"),
        vocab_size=80,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "pieces.model"))
    own = [pieces.id_to_piece(place) for place in range(3, pieces.vocab_size())]
    vocabulary = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", *own])}
    vocab = folder / "vocabulary.json"
    vocab.write_text(json.dumps(vocabulary))
    return {"spm": folder / "pieces.model", "vocab": vocab}
