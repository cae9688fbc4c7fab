"""A class-conditional diffusion model for small images: network and samplers of the library `diffusers`.

From outside it is a generator like any other: noise of the size of an image and a class in, an image out. Its samplers
draw no numbers of their own, so that a sample depends on its noise alone.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal, final

import torch
from torch import nn
from torch.nn import functional as F

from lightning_synthaug.generators.libraries import needed_library
from lightning_synthaug.generators.networks.scales import depths, halvings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["DiffusionSampler", "noise_schedule"]

_TIMES = 1000
_WIDEST = 4
_GROUPS = 8


@final
class DiffusionSampler(nn.Module):
    """Turn noise of the size of an image into an image of a class.

    Args:
        image_shape: Channels, rows, columns.
        classes: How many classes, >= 1.
        width: Channels at the finest scale, a multiple of 8; they double from scale to scale, up to four times.
        sampler: `"dpm"` (DPM-Solver++, good from about 15 steps) or `"ddim"` (plainer; 50 steps).
        steps: Steps of the sampler, >= 1; each evaluates the network twice, once where `guidance` is 1.
        guidance: How strongly the class steers, >= 0. 1: as learned; more: more typical and less varied.

    Raises:
        MissingDependency: `diffusers` is not installed (SA832).

    Source:
        Ho, Jain & Abbeel, NeurIPS 2020; Nichol & Dhariwal, ICML 2021 (cosine schedule); Ho & Salimans 2022
        (classifier-free guidance); Song, Meng & Ermon, ICLR 2021 (DDIM); Lu et al. 2022 (DPM-Solver++).
    """

    def __init__(
        self,
        *,
        image_shape: Sequence[int],
        classes: int,
        width: int = 32,
        sampler: Literal["dpm", "ddim"] = "dpm",
        steps: int = 20,
        guidance: float = 1.5,
    ) -> None:
        super().__init__()
        channels, rows, columns = image_shape
        self.classes = classes
        self.sampler = sampler
        self.steps = steps
        self.guidance = guidance
        halved = halvings(rows, columns)
        whole = 2**halved
        self.padding = (-columns % whole, -rows % whole)
        widths = depths(width, _WIDEST * width, halved + 1)
        # Attention sees the whole image where it is coarse, and costs little there.
        plain = len(widths) - 1
        self.unet = _diffusers().UNet2DModel(
            in_channels=channels,
            out_channels=channels,
            block_out_channels=tuple(widths),
            down_block_types=("DownBlock2D",) * plain + ("AttnDownBlock2D",),
            up_block_types=("AttnUpBlock2D",) + ("UpBlock2D",) * plain,
            layers_per_block=1,
            norm_num_groups=_GROUPS,
            num_class_embeds=classes + 1,
        )

    def forward(self, latents: Tensor, onehot: Tensor) -> Tensor:
        """Sample a batch.

        Args:
            latents: Standard normal, shape `(n, channels, rows, columns)`.
            onehot: Shape `(n, classes)`.

        Returns:
            Images of the same shape, in [-1, 1].
        """
        schedule = noise_schedule(self.sampler)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # it hands tensors to NumPy in a way that NumPy is giving up
            schedule.set_timesteps(self.steps, device=latents.device)
        index, state = onehot.argmax(1), latents
        for time in schedule.timesteps:
            state = schedule.step(self._guided(state, time, index), time, state).prev_sample
        return state.clamp(-1.0, 1.0)

    def velocity(self, state: Tensor, time: Tensor, index: Tensor) -> Tensor:
        """Evaluate the network.

        Args:
            state: Between image and noise, shape `(n, channels, rows, columns)`.
            time: 0 to 999, shape `(n,)` or `()`.
            index: Class indices; the number of classes stands for none in particular. Shape `(n,)`.

        Returns:
            Velocity between image and noise, shaped like `state`.
        """
        padded = F.pad(state, (0, self.padding[0], 0, self.padding[1]))
        found: Tensor = self.unet(padded, time, class_labels=index).sample
        return found[:, :, : state.shape[2], : state.shape[3]]

    def _guided(self, state: Tensor, time: Tensor, index: Tensor) -> Tensor:
        """Go further the way that the class leads than without a class."""
        if self.guidance == 1.0:
            return self.velocity(state, time, index)
        nobody = torch.full_like(index, self.classes)
        both = self.velocity(state.repeat(2, 1, 1, 1), time, torch.cat([index, nobody]))
        of_class, of_any = both.chunk(2)
        return of_any + self.guidance * (of_class - of_any)


def noise_schedule(sampler: Literal["dpm", "ddim"]) -> Any:
    """Make a sampler; all have the same schedule of noise.

    Args:
        sampler: `"dpm"` or `"ddim"`.

    Returns:
        A scheduler of `diffusers`, which also adds noise for training.

    Raises:
        MissingDependency: `diffusers` is not installed (SA832).
    """
    library = _diffusers()
    common: dict[str, Any] = {
        "num_train_timesteps": _TIMES,
        "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "v_prediction",
        "timestep_spacing": "trailing",
    }
    if sampler == "ddim":
        return library.DDIMScheduler(**common)
    return library.DPMSolverMultistepScheduler(**common)


def _diffusers() -> Any:
    """Import the library on first use."""
    return needed_library("diffusers", "A diffusion model", "diffusion")
