"""What all generators of this plugin share: one pipeline, prompts, batches with a seed a row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.generators.digest import canonical_digest, file_digest
from lightning_synthaug.generators.torch_identity import plain
from lightning_synthaug.generators.torch_network import check_device, own_randomness
from synthaug_diffusers.adding import add_loras, add_words, set_scheduler
from synthaug_diffusers.checks import at_least, check_arguments, is_size, one_of
from synthaug_diffusers.finding import find_pipeline, find_weights
from synthaug_diffusers.identity import pipeline_digest
from synthaug_diffusers.opening import denoiser_of, dtype_for, open_pipeline
from synthaug_diffusers.prompts import Prompts, listed_values, named_labels
from synthaug_diffusers.seeds import row_generators
from synthaug_diffusers.sparing import SparingPipeline

__all__ = ["DiffusersGenerator"]

#: Arguments that change no sample, or of which the fingerprint holds the content instead of the place.
_PLACES = {
    "model",
    "revision",
    "controlnet",
    "loras",
    "words",
    "batch_size",
    "name",
    "licence",
    "source",
}


@dataclass(kw_only=True, eq=False)
class DiffusersGenerator(Generator):
    """Make images with a pipeline of diffusers.

    Every request has a random generator of its own, seeded by it, on the CPU: the noise depends neither on its
    neighbours nor on the device. Every pass of the pipeline has the same number of rows, so that the same request
    gives the same bytes. An image that the pipeline's safety checker flags becomes a rejection.

    Attributes:
        model: Folder of a pipeline, as `save_pretrained` writes it, or its id on the Hugging Face hub.
        prompt: Template, or several of which one is drawn for each sample; `{label}` stands for the class name.
        negative_prompt: What shall not be seen.
        class_names: Name of each label, in order or by label.
        attributes: Values of further fields of the template; one of each is drawn for each sample.
        steps: Denoising steps, >= 1. None: the pipeline's default; few-step models need few.
        guidance: Strength of the prompt, >= 0; distilled models want 0 or 1. None: the pipeline's default.
        scheduler: Class of diffusers that takes the place of the pipeline's scheduler, such as `"LCMScheduler"`.
        loras: Strength of each LoRA, by file, folder or hub id.
        words: Embedding of each word of textual inversion, by file, folder or hub id.
        call_args: Further arguments of the pipeline's call; plain values.
        variant: Which copy of the weights is read, such as `"fp16"`.
        revision: Branch, tag or commit on the hub.
        precision: Of weights and arithmetic. `"auto"`: bfloat16 on CUDA, or float16 where it has none; else float32.
        resolution: (rows, columns) that the pipeline works at, multiples of 8. None: what it was trained at.
        batch_size: Images that are made at once, >= 1.
        compile_mode: Mode of `torch.compile` for the denoiser; None: it runs as it is.
        name: What reports call it; by default the folder's name.
        licence: Licence of the weights, for the provenance.
        source: Where they come from, for the provenance.
    """

    model: str | Path = field(kw_only=False)
    prompt: str | Sequence[str] = "a photo of a {label}"
    negative_prompt: str | None = None
    class_names: Sequence[str] | Mapping[int, str] | None = None
    attributes: Mapping[str, Sequence[str]] | None = None
    steps: int | None = None
    guidance: float | None = None
    scheduler: str | None = None
    loras: Mapping[str, float] | None = None
    words: Mapping[str, str] | None = None
    call_args: Mapping[str, Any] | None = None
    variant: str | None = None
    revision: str | None = None
    precision: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    resolution: tuple[int, int] | None = None
    batch_size: int = 8
    compile_mode: Literal["default", "reduce-overhead", "max-autotune"] | None = None
    name: str | None = None
    licence: str | None = None
    source: str | None = None

    version: ClassVar[int] = 1
    libraries = ("diffusers", "transformers")

    def __post_init__(self) -> None:
        self.name = self.name or Path(self.model).name
        self._names = named_labels(self.class_names)
        templates = (self.prompt,) if isinstance(self.prompt, str) else tuple(self.prompt)
        self._prompts = Prompts(templates, self._names, listed_values(self.attributes))
        self._running: SparingPipeline | None = None
        fits = {
            "steps": at_least(self.steps, 1),
            "guidance": at_least(self.guidance, 0.0),
            "batch_size": at_least(self.batch_size, 1),
            "resolution": is_size(self.resolution, step=8),
            "precision": one_of(self.precision, ("auto", "float32", "bfloat16", "float16")),
            "compile_mode": one_of(
                self.compile_mode, (None, "default", "reduce-overhead", "max-autotune")
            ),
        }
        check_arguments(self, fits)

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples.

        Returns:
            Names and plain JSON values of those that are set.
        """
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _PLACES}
        told = {name: plain(value) for name, value in given.items() if value is not None}
        return {"version": self.version, **told}

    def fingerprint(self) -> str:
        """Digest configurations, weights and settings; neither places nor versions of libraries count.

        Returns:
            32 hexadecimal digits.

        Raises:
            GeneratorError: The pipeline or further weights are not there (SA491).
        """
        return canonical_digest(
            {"class": type(self).__name__, "weights": self._weights(), **self.settings()}
        )

    def provenance(self) -> dict[str, Any]:
        """Say what makes these samples, with the digests of all weights.

        Returns:
            Plain JSON values.
        """
        return {**super().provenance(), "weights": self._weights()}

    def particulars(self, request: Request) -> dict[str, Any]:
        """Say which prompt a sample was made with.

        Args:
            request: What it was made for.
        """
        return {"prompt": self._prompt(request)}

    def load(self, device: str = "cpu") -> None:
        """Open the pipeline and put it on its device.

        Args:
            device: Torch device.

        Raises:
            GeneratorError: It is not there (SA491), or weights do not fit (SA412).
            ConfigError: It cannot do what is asked (SA492), or the device is not there (SA410).
        """
        check_device(device)
        super().load(device)
        with own_randomness(device):
            dtype = dtype_for(self.precision, device)
            pipeline = open_pipeline(self._folder(), dtype=dtype, variant=self.variant)
            if self.scheduler is not None:
                set_scheduler(pipeline, self.scheduler)
            pipeline = self._adapt(pipeline, dtype)
            add_loras(pipeline, self.loras or {})
            add_words(pipeline, self.words or {})
            pipeline.set_progress_bar_config(disable=True)
            self._running = SparingPipeline(pipeline, device)
            if self.compile_mode is not None:
                denoiser_of(pipeline).compile(mode=self.compile_mode)

    def unload(self) -> None:
        """Drop the pipeline."""
        super().unload()
        self._running = None

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Make one image for each request.

        Args:
            requests: What to make; any number, in passes of the same number of rows.

        Returns:
            One record for each request, in order; a rejection where the image was flagged or is not finite.

        Raises:
            GeneratorError: It is not loaded (SA413), or a label is asked for that has no name (SA414).
        """
        if self._running is None or self._device is None:
            message = (
                f'Generator "{self.name}" must be loaded before it generates, got no pipeline.'
            )
            raise GeneratorError("SA413", f'{message} Call generator.load("cpu") first.')
        results: dict[int, Record | Rejection] = {}
        for places in self._passes(requests):
            results |= zip(
                places, self._pass(self._running, [requests[i] for i in places]), strict=True
            )
        return [results[place] for place in range(len(requests))]

    def _pass(
        self, running: SparingPipeline, requests: Sequence[Request]
    ) -> list[Record | Rejection]:
        """Make the images of one pass, filled up with copies of the last request."""
        rows = [*requests, *[requests[-1]] * (self._rows - len(requests))]
        given = {**self._arguments(running.pipeline, rows), "prompt": [*map(self._prompt, rows)]}
        if self.negative_prompt is not None:
            given["negative_prompt"] = [self.negative_prompt] * len(rows)
        with own_randomness(str(self._device)):
            output = running(lambda: {**given, **self._common(), "generator": row_generators(rows)})
        images = np.asarray(output.images, np.float32)
        flags = getattr(output, "nsfw_content_detected", None) or [False] * len(rows)
        return [
            self._answer(request, image, flagged=flagged)
            for request, image, flagged in zip(requests, images, flags, strict=False)
        ]

    def _answer(self, request: Request, image: Any, *, flagged: bool) -> Record | Rejection:
        """Turn one image into what is returned for it."""
        if flagged:
            return Rejection("flagged by the pipeline's safety checker")
        if not np.isfinite(image).all():
            return Rejection("the pipeline returned NaN or infinity")
        return self._record(request, image)

    def _passes(self, requests: Sequence[Request]) -> Iterator[list[int]]:
        """Group requests, by place, into passes: a pass has one strength."""
        alike: dict[float | None, list[int]] = {}
        for place, request in enumerate(requests):
            alike.setdefault(self._strength(request), []).append(place)
        for places in alike.values():
            for start in range(0, len(places), self._rows):
                yield places[start : start + self._rows]

    @property
    def _rows(self) -> int:
        """Rows of each pass."""
        return self.batch_size

    def _common(self) -> dict[str, Any]:
        """List the arguments of the call that are the same for all requests."""
        given = {"num_inference_steps": self.steps, "guidance_scale": self.guidance}
        own = {name: value for name, value in given.items() if value is not None}
        return {**own, **(self.call_args or {}), "output_type": "np"}

    def _needs(self) -> set[str]:
        """List the arguments that the call of the pipeline must take."""
        negative = set() if self.negative_prompt is None else {"negative_prompt"}
        return {"prompt", "generator", *negative, *self._common()}

    def _prompt(self, request: Request) -> str:
        """Write the prompt of a request."""
        label = self._label(request) if self._prompts.labelled else None
        if self._prompts.labelled and label not in self._names:
            message = (
                f'Generator "{self.name}" must be asked for one of its labels {sorted(self._names)}, got {label!r}. '
                "Name each label of the data set: class_names=[...]."
            )
            raise GeneratorError("SA414", message)
        return self._prompts.write(label, seed=request.seed)

    def _weights(self) -> dict[str, Any]:
        """Digest the pipeline and what is added to it."""
        loras = [[file_digest(find_weights(p)), s] for p, s in (self.loras or {}).items()]
        words = {word: file_digest(find_weights(p)) for word, p in (self.words or {}).items()}
        found = {"pipeline": pipeline_digest(self._folder()), "loras": loras, "words": words}
        return {name: value for name, value in found.items() if value}

    def _folder(self) -> Path:
        """Find the pipeline."""
        return find_pipeline(self.model, revision=self.revision, variant=self.variant)

    @abstractmethod
    def _label(self, request: Request) -> Any:
        """Tell the label of a request."""

    @abstractmethod
    def _strength(self, request: Request) -> float | None:
        """Tell how much of the noise a request starts from, where that is a question."""

    @abstractmethod
    def _adapt(self, pipeline: Any, dtype: Any) -> Any:
        """Turn the pipeline into one that does this generator's task."""

    @abstractmethod
    def _arguments(self, pipeline: Any, rows: Sequence[Request]) -> dict[str, Any]:
        """List the arguments of the call that are this generator's own, for the rows of a pass."""

    @abstractmethod
    def _record(self, request: Request, image: Any) -> Record | Rejection:
        """Turn an image, shape (rows, columns, 3) in [0, 1], into a sample."""
