"""Any network that maps a latent, and perhaps a class, to an image or a sound: GAN generators and VAE decoders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.base import Generator
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.request import Rejection
from lightning_synthaug.generators.torch_identity import describe_module, plain
from lightning_synthaug.generators.torch_inputs import class_of, draw_latents
from lightning_synthaug.generators.torch_network import (
    call_network,
    check_device,
    load_network,
    own_randomness,
)
from lightning_synthaug.generators.torch_output import OutputForm, RangeWatch
from lightning_synthaug.generators.torch_settings import (
    check_settings,
    class_index,
    latent_shape,
)
from lightning_synthaug.generators.torch_weights import weights_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor, nn

    from lightning_synthaug.generators.request import Request
    from lightning_synthaug.generators.torch_output import Layout

__all__ = ["TorchGenerator"]

_AUTO = (16, 4096)  # rows of the first forward pass, and of the largest
_SEVERAL = 8  # images that are not all pale or alike by chance


@final
class TorchGenerator(Generator):
    """Make images or sounds with a pretrained network.

    Each request draws its own latent, on the CPU, from a counter-based generator seeded by the
    request: the sample does not depend on its neighbours in the batch or on the device. Batches are
    padded to `batch_size`, so that the network always sees the same shape. The network must not
    draw random numbers of its own.

    Args:
        weights: Weights of `module` (`.safetensors`, or a `.pt`/`.pth` checkpoint); without a
            module, a program that carries its graph (`.pt2` of `torch.export`, or TorchScript).
        module: The network: an instance (it is copied), a class or named function that makes it, or
            its import path `"package.module:Class"`. Called as `module(z)` or `module(z, y)`.
        module_args: Keyword arguments for what makes the module; plain values.
        trust_program: Whether a program in `weights` may run: it can read and write any file that
            you may. Not needed with a `module`, whose weights are only data.
        latent: Size or shape of one latent, each number >= 1.
        classes: What the class input stands for: a count `n` for labels 0..n-1, or the label of
            each class index, in order. None for a network without a class input.
        class_names: Name of each class, in the order of `classes`; they are compared with those of
            the user's dataset, so that a shifted numbering is found.
        label_input: How the class goes in: `"index"` (int64, shape `(batch,)`), `"onehot"` (float,
            shape `(batch, n)`), or `"none"`.
        output_range: The network's values for black and white; what lies outside is clipped.
        layout: Axes of the output after the batch: `"CHW"`, `"HWC"`, `"HW"` or `"flat"`; `"T"` for sounds.
        rate: Of sounds: their sampling rate. Hertz.
        image_size: For `"flat"`: (rows, columns) or (channels, rows, columns).
        dtype: `"uint8"` gives 0..255, `"float32"` gives [0, 1]; for sounds `"float32"` gives [-1, 1], or `"int16"`.
            None: the first of its two.
        batch_size: Rows of every forward pass, >= 1. A `.pt2` with a fixed batch needs exactly that
            number. `"auto"`: doubled from 16 while that pays, so that it depends on the machine.
        noise: `"normal"` for standard normal latents, `"uniform"` for [-1, 1).
        autocast: Run in half precision on CUDA; nothing changes elsewhere.
        compile_mode: Mode of `torch.compile` for the module; `"reduce-overhead"` uses CUDA graphs.
        name: What reports call it; by default the file's name.
        licence: Licence of the weights, for the provenance.
        source: Where they come from, for the provenance.

    Raises:
        ConfigError: An argument lies outside its range, `classes` and `label_input` contradict
            each other, or a program is not said to be trusted.

    Example:
        >>> from lightning_synthaug.assets import demo_generator
        >>> from lightning_synthaug.generators.request import Request
        >>> digits = demo_generator()
        >>> digits.load("cpu")
        >>> record, = digits.generate([Request(label=7, number=0, seed=1)])
        >>> record["label"], record["image"].shape
        (7, (8, 8))
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        weights: str | Path,
        *,
        module: nn.Module | Callable[..., nn.Module] | str | None = None,
        module_args: Mapping[str, Any] | None = None,
        trust_program: bool = False,
        latent: int | Sequence[int],
        classes: int | Sequence[int] | None = None,
        class_names: Sequence[str] | None = None,
        label_input: Literal["index", "onehot", "none"] | None = None,
        output_range: tuple[float, float] = (-1.0, 1.0),
        layout: Layout = "CHW",
        image_size: Sequence[int] | None = None,
        rate: int | None = None,
        dtype: Literal["uint8", "float32", "int16"] | None = None,
        batch_size: int | Literal["auto"] = 64,
        noise: Literal["normal", "uniform"] = "normal",
        autocast: bool = True,
        compile_mode: Literal["default", "reduce-overhead", "max-autotune"] | None = None,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.weights = weights
        self.module = module
        self.module_args = module_args
        self.trust_program = trust_program
        self.latent = latent
        self.classes = classes
        self.class_names = class_names
        self.label_input = label_input or ("none" if classes is None else "index")
        self.output_range = output_range
        self.layout = layout
        self.image_size = image_size
        self.rate = rate
        self.modality = "audio" if layout == "T" else "image"
        self.dtype = dtype or ("float32" if layout == "T" else "uint8")
        self.batch_size = _AUTO[0] if batch_size == "auto" else batch_size
        self.max_batch_size = _AUTO[1] if batch_size == "auto" else None
        self.noise = noise
        self.autocast = autocast
        self.compile_mode = compile_mode
        self.name = name or Path(weights).stem
        self.licence = licence
        self.source = source
        check_settings(self)
        self._index = class_index(classes)
        self.labels = frozenset(self._index) if self._index else None
        self.conditioning = "class" if self._index else "none"
        self._network: Callable[..., Any] | None = None
        self._unseen = True
        self._watch = RangeWatch()

    def fingerprint(self) -> str:
        """Digest weights, network and settings; where the file lies and how it is batched do not count.

        Returns:
            32 hexadecimal digits.

        Raises:
            GeneratorError: The weights file is missing.
        """
        return canonical_digest(
            {
                "class": type(self).__name__,
                "weights": weights_digest(self.weights),
                **self.settings(),
            }
        )

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples.

        Returns:
            Names and plain JSON values.
        """
        return {
            "version": self.version,
            "module": describe_module(self.module),
            "module_args": plain(self.module_args or {}),
            "latent": list(latent_shape(self.latent)),
            "classes": list(self._index),
            "label_input": self.label_input,
            "output_range": [float(edge) for edge in self.output_range],
            "layout": self.layout,
            "image_size": None if self.image_size is None else list(latent_shape(self.image_size)),
            "dtype": self.dtype,
            "noise": self.noise,
            "autocast": self.autocast,
            **{k: getattr(self, k) for k in ("compile_mode", "rate") if getattr(self, k)},
        }

    def label_names(self) -> Mapping[int, str] | None:
        """Name the labels.

        Returns:
            Class name by label, where `class_names` were given.
        """
        names = self.class_names
        return None if names is None else dict(zip(self._index, names, strict=True))

    def provenance(self) -> dict[str, Any]:
        """Say what makes these samples, the digest of the weights included.

        Returns:
            Plain JSON values.
        """
        return {**super().provenance(), "weights": weights_digest(self.weights)}

    def load(self, device: str = "cpu") -> None:
        """Read the weights and put the network on its device.

        Args:
            device: Torch device.

        Raises:
            GeneratorError: The file is missing or unreadable, or does not fit the module.
            ConfigError: `module` cannot be imported, made, or is no module (SA415), or the device is
                not there (SA410).
        """
        check_device(device)
        super().load(device)
        with own_randomness(device):
            self._network = load_network(
                Path(self.weights),
                module=self.module,
                module_args=self.module_args or {},
                device=device,
                compile_mode=self.compile_mode,
            )

    def unload(self) -> None:
        """Drop the network."""
        super().unload()
        self._network = None

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Make one image or sound for each request.

        Args:
            requests: What to make; more than `batch_size` are made in several passes.

        Returns:
            One record for each request, in order, with `"image"`, or `"audio"` and `"rate"`, and, with classes,
            `"label"`; a rejection where the network returned something that is not finite.

        Raises:
            GeneratorError: It is not loaded, or a label is asked for that it cannot make.
            GeneratorContractBroken: The output does not have the declared layout or range.
        """
        results: list[Record | Rejection] = []
        for start in range(0, len(requests), self.batch_size):
            results += self._generate_batch(requests[start : start + self.batch_size])
        return results

    def _generate_batch(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Make at most `batch_size` images in one padded pass."""
        import torch

        if self._network is None or self._device is None:
            message = f'Generator "{self.name}" must be loaded before it generates, got no network.'
            raise GeneratorError("SA413", f'{message} Call generator.load("cpu") first.')
        device, name = torch.device(self._device), str(self.name)
        inputs = [tensor.to(device) for tensor in self._inputs(requests)]
        half = torch.autocast(device.type, enabled=self.autocast and device.type == "cuda")
        with torch.inference_mode(), own_randomness(self._device), half:
            output = call_network(self._network, inputs, name=name)
        size = None if self.image_size is None else latent_shape(self.image_size)
        form = OutputForm(self.layout, size, self.output_range, self.dtype)
        images, finite = form.images(
            output, rows=self.batch_size, name=name, distinct=len(requests), watch=self._watch
        )
        if self._unseen and len(requests) >= _SEVERAL and finite.any():
            self._unseen = False
            form.warn(images[finite], name=name)
        images.flags.writeable = False  # lets records share the batch instead of copying it
        field, common = ("audio", {"rate": self.rate}) if self.rate else ("image", {})
        own = [{**common, "label": r.label} if self._index else common for r in requests]
        bad = Rejection("the network returned NaN or infinity")
        return [
            Record({field: image, **more}) if good else bad
            for more, image, good in zip(own, images, finite, strict=False)
        ]

    def _inputs(self, requests: Sequence[Request]) -> list[Tensor]:
        """Draw latents and write classes, padded with copies of the last row."""
        import torch

        padding = [requests[-1]] * (self.batch_size - len(requests))
        rows = [*requests, *padding]
        seeds = (request.seed for request in rows)
        inputs = [torch.from_numpy(draw_latents(seeds, latent_shape(self.latent), self.noise))]
        if self._index:
            index = torch.tensor([class_of(r, self._index, str(self.name)) for r in rows])
            if self.label_input == "onehot":
                index = torch.nn.functional.one_hot(index, len(self._index)).float()
            inputs.append(index)
        return inputs
