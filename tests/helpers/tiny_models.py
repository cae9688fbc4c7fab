"""Pretrained models in miniature: random weights, written and read by transformers like large ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

_WORDS = [
    "a",
    "photo",
    "of",
    "cat",
    "dog",
    "the",
    "film",
    "was",
    "fine",
    "dull",
    "awful",
    "lovely",
    "and",
    "very",
    "not",
]
_SMALL = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
}


def tokenizer() -> Any:
    """One token a word, and an end."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = {word: i for i, word in enumerate(["[PAD]", "[EOS]", "[UNK]", *_WORDS])}
    made = Tokenizer(models.WordLevel(words, "[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="$A [EOS]", special_tokens=[("[EOS]", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", eos_token="[EOS]", unk_token="[UNK]"
    )


def save_clip(folder: Path, *, seed: int = 0) -> Path:
    """Write a CLIP model for images of 16 x 16 pixels."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    text = {**_SMALL, "vocab_size": 32, "max_position_embeddings": 12}
    text |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    vision = {**_SMALL, "image_size": 16, "patch_size": 8}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    size = {"height": 16, "width": 16}
    CLIPImageProcessor(size={"shortest_edge": 16}, crop_size=size).save_pretrained(folder)
    return folder


def save_siglip(folder: Path) -> Path:
    """Write a SigLIP model: like CLIP, but its texts are read up to the end of their padding."""
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    text = {**_SMALL, "vocab_size": 32, "max_position_embeddings": 12, "projection_size": 16}
    text |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    vision = {**_SMALL, "image_size": 16, "patch_size": 8}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    SiglipImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


def save_classifier(folder: Path, *, outputs: int = 1, seed: int = 0, head: bool = True) -> Path:
    """Write a BERT that scores texts; without a head it is the encoder alone."""
    from transformers import BertConfig, BertForSequenceClassification, BertModel

    config = BertConfig(
        **_SMALL, vocab_size=32, max_position_embeddings=24, num_labels=outputs, pad_token_id=0
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertForSequenceClassification(config) if head else BertModel(config)
        if head:  # first weights are so small that all texts score alike
            torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def save_wav2vec2(folder: Path, *, seed: int = 0) -> Path:
    """Write a recogniser that names a letter for each stretch of sound."""
    from transformers import (
        Wav2Vec2Config,
        Wav2Vec2CTCTokenizer,
        Wav2Vec2FeatureExtractor,
        Wav2Vec2ForCTC,
    )

    folder.mkdir(parents=True, exist_ok=True)
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"abcdefgh"]
    (folder / "vocab.json").write_text(json.dumps({c: k for k, c in enumerate(letters)}))
    Wav2Vec2CTCTokenizer(str(folder / "vocab.json")).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=16000).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Wav2Vec2ForCTC(
            Wav2Vec2Config(
                **_SMALL, vocab_size=len(letters), pad_token_id=0, conv_dim=(8, 8),
                conv_stride=(20, 20), conv_kernel=(40, 20), num_conv_pos_embeddings=4,
                num_conv_pos_embedding_groups=2, num_feat_extract_layers=2,
            )
        )  # fmt: skip
        model.lm_head.weight.data *= 50
        model.lm_head.bias.data[:4] = -99  # letters and spaces alone
    model.save_pretrained(folder)
    return folder


def save_whisper(folder: Path, *, seed: int = 0) -> Path:
    """Write a recogniser that writes words."""
    from transformers import (
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
        WhisperTokenizer,
    )

    letters = ["\u0120", *"abcdefgh", "\u0120a", "<|endoftext|>"]  # the first is a space
    words = {letter: k for k, letter in enumerate(letters)}
    WhisperTokenizer(vocab=words, merges=[("\u0120", "a")]).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=8, chunk_length=2).save_pretrained(folder)
    ends = dict.fromkeys(
        ("pad_token_id", "eos_token_id", "bos_token_id", "decoder_start_token_id"), 10
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = WhisperForConditionalGeneration(
            WhisperConfig(
                vocab_size=len(letters), num_mel_bins=8, d_model=16, encoder_layers=1,
                decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
                encoder_ffn_dim=16, decoder_ffn_dim=16, max_source_positions=100,
                max_target_positions=16, **ends,
            )
        )  # fmt: skip
    model.generation_config = GenerationConfig(max_new_tokens=5, suppress_tokens=[0, 10], **ends)
    model.save_pretrained(folder)
    return folder
