"""A complete pipeline with random weights: real parts, no download, pictures of noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from lightning_synthaug.generators.torch_network import own_randomness

__all__ = ["random_pipeline"]

_PIPELINES = {
    "text": ("StableDiffusionPipeline", 4),
    "instruct": ("StableDiffusionInstructPix2PixPipeline", 8),
    "inpaint": ("StableDiffusionInpaintPipeline", 9),
}
_TOKENS = 77  # that CLIP reads

_TINY: dict[str, dict[str, Any]] = {
    "text": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    },
    "unet": {
        "sample_size": 16,
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "norm_num_groups": 8,
        "attention_head_dim": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    },
    "vae": {
        "block_out_channels": (16, 32),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
        "norm_num_groups": 8,
    },
}
_STABLE_DIFFUSION: dict[str, dict[str, Any]] = {
    "text": {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
    "unet": {"sample_size": 64},
    "vae": {
        "block_out_channels": (128, 256, 512, 512),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 2,
    },
}


def random_pipeline(
    folder: str | Path,
    *,
    kind: Literal["text", "instruct", "inpaint"] = "text",
    scale: Literal["tiny", "stable-diffusion"] = "tiny",
    seed: int = 0,
) -> Path:
    """Write a pipeline of random weights into a folder, as `save_pretrained` lays one out.

    It shows whether a configuration, a data set and a machine go together, and how fast they are, before anything
    is downloaded. What it paints is noise: never train on that.

    Args:
        folder: Where to; made where it is missing.
        kind: What the pipeline does: text to image (image to image and inpainting take it as well), edit by
            instruction, or inpaint with a network that is told the mask.
        scale: `"tiny"`: 32 x 32 pixels, 460,000 weights. `"stable-diffusion"`: 512 x 512, as large as version 1.5.
        seed: Of the weights. Integer >= 0.

    Returns:
        The folder.
    """
    import diffusers
    import transformers

    name, channels = _PIPELINES[kind]
    sizes = _TINY if scale == "tiny" else _STABLE_DIFFUSION
    tokenizer = transformers.CLIPTokenizer(vocab=_letters(), merges=[], model_max_length=_TOKENS)
    with own_randomness("cpu", seed):
        text = transformers.CLIPTextConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            **sizes["text"],
        )
        parts = {
            "unet": diffusers.UNet2DConditionModel(
                in_channels=channels, cross_attention_dim=text.hidden_size, **sizes["unet"]
            ),
            "vae": diffusers.AutoencoderKL(latent_channels=4, **sizes["vae"]),
            "text_encoder": transformers.CLIPTextModel(text).eval(),
        }
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    without: dict[str, Any] = {"safety_checker": None, "feature_extractor": None}
    pipeline = getattr(diffusers, name)(
        **parts,
        tokenizer=tokenizer,
        scheduler=scheduler,
        requires_safety_checker=False,
        **without,
    )
    pipeline.save_pretrained(folder, safe_serialization=True)
    return Path(folder)


def _letters() -> dict[str, int]:
    """Number each byte, inside a word and at its end, as CLIP's vocabulary begins; no two are merged."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return {word: number for number, word in enumerate(words)}
