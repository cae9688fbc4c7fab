"""Text to image: samples of a class from its name, without a real sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Request
from synthaug_diffusers.base import DiffusersGenerator
from synthaug_diffusers.checks import check_arguments, is_size, one_of
from synthaug_diffusers.opening import for_task
from synthaug_diffusers.pictures import Form

__all__ = ["DiffusersTextToImage"]


@final
@dataclass(kw_only=True, eq=False)
class DiffusersTextToImage(DiffusersGenerator):
    """Make images of each class from a description.

    With `class_names` it makes the label that is asked for. Without them, and without `{label}` in the prompt, its
    samples have no label: for training that needs none.

    Attributes:
        size: (rows, columns) of the data set's raw images. None: as the pipeline makes them.
        mode: `"RGB"`, or `"L"` for grey ones of shape (rows, columns).
        dtype: What the raw images are: `"uint8"`, or `"float32"` in [0, 1].

    Raises:
        ConfigError: A template has an unknown field, or class names are missing (SA490); an argument lies outside
            its range (SA494).

    Example:
        >>> pets = DiffusersTextToImage("pipelines/sd", class_names=["cat", "dog"], size=(64, 64), steps=20)
        >>> pets.conditioning, sorted(pets.labels), pets.shape
        ('class', [0, 1], (64, 64, 3))
    """

    size: tuple[int, int] | None = None
    mode: Literal["RGB", "L"] = "RGB"
    dtype: Literal["uint8", "float32"] = "uint8"

    def __post_init__(self) -> None:
        super().__post_init__()
        fits = {
            "size": is_size(self.size),
            "mode": one_of(self.mode, ("RGB", "L")),
            "dtype": one_of(self.dtype, ("uint8", "float32")),
        }
        check_arguments(self, fits)
        self.labels = frozenset(self._names) or None
        self.conditioning = "class" if self._names else "none"
        channels = (3,) if self.mode == "RGB" else ()
        self.shape = None if self.size is None else (*self.size, *channels)

    def label_names(self) -> dict[int, str] | None:
        """Name the labels.

        Returns:
            Class name by label, where `class_names` were given.
        """
        return self._names or None

    def _label(self, request: Request) -> Any:
        """The label asked for."""
        return request.label

    def _strength(self, request: Request) -> None:
        """All samples start from noise alone."""
        del request

    def _adapt(self, pipeline: Any, dtype: Any) -> Any:
        """Take the family's text to image."""
        del dtype
        sized = set() if self.resolution is None else {"height", "width"}
        return for_task(pipeline, "AutoPipelineForText2Image", needs={*self._needs(), *sized})

    def _arguments(self, pipeline: Any, rows: Sequence[Request]) -> dict[str, Any]:
        """Say the size, where it is not the pipeline's own."""
        del pipeline, rows
        return (
            {}
            if self.resolution is None
            else dict(zip(("height", "width"), self.resolution, strict=True))
        )

    def _record(self, request: Request, image: Any) -> Record:
        """Bring an image into the data set's form."""
        form = Form(self.size or image.shape[:2], 3 if self.mode == "RGB" else 0, self.dtype)
        label = {"label": request.label} if self._names else {}
        return Record({"image": form.image(image), **label})
