"""Diffusion pipelines as generators: text to image, image to image from a real twin, inpainting."""

from __future__ import annotations

from synthaug_diffusers.image_to_image import DiffusersImageToImage
from synthaug_diffusers.inpainting import DiffusersInpainting
from synthaug_diffusers.random_pipeline import random_pipeline
from synthaug_diffusers.text_to_image import DiffusersTextToImage

__all__ = [
    "DiffusersImageToImage",
    "DiffusersInpainting",
    "DiffusersTextToImage",
    "random_pipeline",
]
