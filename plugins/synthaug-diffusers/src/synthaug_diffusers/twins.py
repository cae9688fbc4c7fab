"""What is made from a real sample: it keeps the sample's label, its other fields and the form of its image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators import Rejection, Request
from synthaug_diffusers.base import DiffusersGenerator
from synthaug_diffusers.checks import check_arguments
from synthaug_diffusers.finding import find_part
from synthaug_diffusers.identity import part_digest
from synthaug_diffusers.opening import arguments_of, denoiser_of, for_task, open_part
from synthaug_diffusers.pictures import Form, is_image, picture

__all__ = ["TwinGenerator"]


@dataclass(kw_only=True, eq=False)
class TwinGenerator(DiffusersGenerator):
    """Make variants of real samples.

    Attributes:
        strength: How much of the real image is noise at the start, in (0, 1]: from nearly a copy to nearly free. Of
            several, each version of a real sample takes the next. None: the pipeline takes no strength.
        controlnet: ControlNet that takes part, by folder or hub id.
        control: What it is shown: a field of the real sample that holds an image, or a function that makes one of the
            sample's image (uint8, shape (rows, columns, 3)).
    """

    strength: float | Sequence[float] | None = (0.4, 0.6, 0.8)
    controlnet: str | Path | None = None
    control: str | Callable[[Any], Any] | None = None

    conditioning = "twin"
    variable_shape = True

    def __post_init__(self) -> None:
        super().__post_init__()
        one = self.strength is None or isinstance(self.strength, int | float)
        self._strengths: tuple[Any, ...] = (self.strength,) if one else tuple(self.strength)  # type: ignore[arg-type]
        within = all(s is None or 0 < s <= 1 for s in self._strengths)
        fits = {
            "strength": (bool(self._strengths) and within, "in (0, 1], one or several, or None"),
            "steps": (
                not self.steps or all(s is None or int(self.steps * s) for s in self._strengths),
                f"so many that each strength of {self._strengths} leaves one",
            ),
            "control": (
                self.controlnet is None or self.control is not None,
                "a field of the real samples or a function of their image when there is a `controlnet`",
            ),
        }
        check_arguments(self, fits)

    def particulars(self, request: Request) -> dict[str, Any]:
        """Say which prompt and strength a sample was made with.

        Args:
            request: What it was made for.

        Returns:
            `{"prompt": ..., "strength": ...}`.
        """
        strength = self._strength(request)
        return {
            **super().particulars(request),
            **({} if strength is None else {"strength": strength}),
        }

    @property
    def _rows(self) -> int:
        """Share the batch out between the strengths, since a pass has one."""
        return -(-self.batch_size // len(self._strengths))

    def _weights(self) -> dict[str, Any]:
        """Digest the ControlNet too."""
        if self.controlnet is None:
            return super()._weights()
        digest = part_digest(find_part(self.controlnet, revision=None))
        return {**super()._weights(), "controlnet": digest}

    def _label(self, request: Request) -> Any:
        """The label of the real sample."""
        return self._twin(request).get("label")

    def _strength(self, request: Request) -> float | None:
        """Begin where the real sample says, and go on with each version and attempt."""
        first = int.from_bytes(self._twin(request).digest()[:8], "little")
        strength: float | None = self._strengths[
            (first + request.version + request.attempt) % len(self._strengths)
        ]
        return strength

    def _of_family(self, pipeline: Any, task: str, dtype: Any, *inputs: str) -> Any:
        """Take the pipeline of the family that does a task, with the ControlNet if there is one."""
        import diffusers

        controlnet = None
        if self.controlnet is not None:
            folder = find_part(self.controlnet)
            controlnet = open_part(diffusers.ControlNetModel, folder, dtype=dtype)
        strength = set() if self._strengths == (None,) else {"strength"}
        needs = {*self._needs(), *inputs, *strength}
        made = for_task(pipeline, task, needs=needs, controlnet=controlnet)
        has, told = "controlnet" in made.components, self.control is not None
        if has != told:
            what = "a ControlNet, and no `control`" if has else "`control`, and no ControlNet"
            message = (
                f"What a ControlNet is shown must go together with one, got {what} with {type(made).__name__}. "
                'Say what it is shown, control="mask", or name one: controlnet="FOLDER".'
            )
            raise ConfigError("SA492", message)
        return made

    def _arguments(self, pipeline: Any, rows: Sequence[Request]) -> dict[str, Any]:
        """Show the real images, and what the ControlNet is to see, at the pipeline's size."""
        size, takes = self._size(pipeline), arguments_of(pipeline)
        images = [picture(self._image(request), size) for request in rows]
        given: dict[str, Any] = {"image": images}
        if self.control is not None:
            controls = [picture(self._shown(request), size) for request in rows]
            given |= {"control_image" if "control_image" in takes else "image": controls}
        if "height" in takes:
            given |= {"height": size[0], "width": size[1]}
        strength = self._strength(rows[0])
        return given if strength is None else {**given, "strength": strength}

    def _record(self, request: Request, image: Any) -> Record | Rejection:
        """Replace the image of the real sample, in its form."""
        form = Form.of(self._image(request))
        return self._twin(request).replace(image=form.image(image))

    def _shown(self, request: Request) -> Any:
        """Make what the ControlNet is to see."""
        if callable(self.control):
            return np.asarray(self.control(np.asarray(picture(self._image(request)))))
        return self._field(request, str(self.control))

    def _image(self, request: Request) -> Any:
        """Return the image of the real sample."""
        return self._field(request, "image")

    def _field(self, request: Request, name: str) -> Any:
        """Return an image in a field of the real sample."""
        value = self._twin(request).get(name)
        if not is_image(value):
            self._unfit(f'an image in "{name}" of its record', request.twin)
        return value

    def _twin(self, request: Request) -> Record:
        """Return the real sample."""
        if request.twin is None:
            self._unfit("a real sample in each request", None)
        return request.twin

    def _unfit(self, wanted: str, twin: Record | None) -> NoReturn:
        """Refuse a real sample."""
        message = (
            f'Generator "{self.name}" must find {wanted}, got {twin!r}. An image is an array of bytes or floats, '
            "grey or of three channels: have `record=` of the data set return one."
        )
        raise GeneratorError("SA493", message)

    def _size(self, pipeline: Any) -> tuple[int, int]:
        """Return the size that the pipeline works at."""
        if self.resolution is not None:
            return self.resolution
        latents = (
            getattr(pipeline, "default_sample_size", None)
            or denoiser_of(pipeline).config.sample_size
        )
        rows, columns = (latents, latents) if isinstance(latents, int) else latents
        return rows * pipeline.vae_scale_factor, columns * pipeline.vae_scale_factor
