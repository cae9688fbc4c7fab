"""Image to image: variants of a real sample, near it or far from it, that keep its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from synthaug_diffusers.twins import TwinGenerator

__all__ = ["DiffusersImageToImage"]


@final
@dataclass(kw_only=True, eq=False)
class DiffusersImageToImage(TwinGenerator):
    """Paint real samples anew.

    What is made has the label of its real sample by construction, and its mask, boxes and other fields too: keep
    `strength` small enough for them to stay true. The image has the size, mode and dtype of the real one.

    Three families of pipelines serve: those that begin between the image and noise (`strength=`, the default); those
    that edit by an instruction, such as InstructPix2Pix (`strength=None`, and the instruction as `prompt`); and
    those that a ControlNet guides, which begin from the image, or with `strength=None` from noise alone.

    Raises:
        ConfigError: A template has an unknown field, or class names are missing (SA490); an argument lies outside
            its range (SA494).

    Example:
        >>> night = DiffusersImageToImage("pipelines/sd", prompt="a street at night", strength=(0.3, 0.5))
        >>> night.conditioning
        'twin'
    """

    def _adapt(self, pipeline: Any, dtype: Any) -> Any:
        """Take the family's image to image; without strength, what edits or is guided."""
        begins = self._strengths != (None,)
        task = "AutoPipelineForImage2Image" if begins else "AutoPipelineForText2Image"
        return self._of_family(pipeline, task, dtype, "image")
