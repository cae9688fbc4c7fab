"""Running a fit: batches, trainer, held-out share, checkpoints, and when to stop."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler

from lightning_synthaug.fitting.cgan import CGAN
from lightning_synthaug.fitting.cvae import CVAE
from lightning_synthaug.fitting.framework import lightning, quiet
from lightning_synthaug.fitting.privacy import Private
from lightning_synthaug.fitting.texts import TextData
from lightning_synthaug.fitting.watch import FitWatch
from lightning_synthaug.generators.torch_network import own_randomness
from lightning_synthaug.trainer.from_file import leave_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch.utils.data import TensorDataset

    from lightning_synthaug.fitting.checkpoint import Checkpoint
    from lightning_synthaug.fitting.data import FitData
    from lightning_synthaug.fitting.step_module import StepModule

__all__ = ["Fitted", "make_module", "network_arguments", "run_fit", "split_data"]

_Data = TypeVar("_Data", "FitData", "TextData")
_ACCELERATORS = {"cpu": "cpu", "cuda": "gpu"}
_SIZES = ("latent", "width")
_OWN = ("beta", "loss", "augment")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What a fit has left.

    Attributes:
        module: With the weights that are shipped.
        losses: Of the last epoch, and what the held-out share told.
        privacy: What was spent of it, or None.
    """

    module: StepModule
    losses: dict[str, Any]
    privacy: dict[str, Any] | None


def split_data(data: _Data, share: float, seed: int) -> tuple[_Data, _Data | None]:
    """Hold a share of each class out; at least two of each are always fitted on.

    Args:
        data: All of it.
        share: In [0, 1).
        seed: Chooses which.

    Returns:
        What is fitted on, and what is held out; None where the share makes nothing.
    """
    rng = np.random.default_rng(seed)
    held = np.zeros(len(data.classes), bool)
    for label in range(len(data.labels)):
        rows = rng.permutation(np.flatnonzero(data.classes == label))
        held[rows[: max(0, min(round(share * len(rows)), len(rows) - 2))]] = True
    if not held.any():
        return data, None
    return data.take(np.flatnonzero(~held)), data.take(np.flatnonzero(held))


def network_arguments(data: FitData, settings: Mapping[str, Any]) -> dict[str, Any]:
    """List what a network is made from.

    Args:
        data: What it is fitted on.
        settings: All settings.

    Returns:
        Keyword arguments of the network that is shipped.
    """
    sizes = {key: settings[key] for key in _SIZES if key in settings}
    shape = list(data.images.shape[1:])
    return {"image_shape": shape, "classes": len(data.labels), **sizes}


def make_module(
    kind: str, data: FitData | TextData, settings: Mapping[str, Any], total_steps: int
) -> StepModule:
    """Make the module of a kind, with random weights.

    Args:
        kind: `"cvae"`, `"cgan"`, `"diffusion"` or `"lm"`.
        data: What it is fitted on.
        settings: All settings.
        total_steps: Steps of the whole fit.

    Returns:
        The module.

    Raises:
        MissingDependency: `"diffusion"` without the library `diffusers`, `"lm"` without `peft` (SA832).
        GeneratorError: The language model cannot be read, or not be fitted (SA480, SA836).
    """
    if isinstance(data, TextData):
        from lightning_synthaug.fitting.language import LanguageModel

        return LanguageModel(settings, data.names, total_steps=total_steps)
    arguments = {
        **network_arguments(data, settings),
        **{key: settings[key] for key in _OWN if key in settings},
        "learning_rate": settings["learning_rate"],
        "total_steps": total_steps,
    }
    if kind == "diffusion":
        from lightning_synthaug.fitting.diffusion import Diffusion

        return Diffusion(**arguments)
    return CVAE(**arguments) if kind == "cvae" else CGAN(**arguments)


def run_fit(
    kind: str,
    data: _Data,
    held_out: _Data | None,
    settings: Mapping[str, Any],
    *,
    device: str,
    progress: bool,
    checkpoint: Checkpoint,
    logs: Path | None = None,
) -> Fitted:
    """Fit on one device, with randomness of its own, from where a checkpoint stands.

    Args:
        kind: Kind of generator.
        data: What is fitted on.
        held_out: What tells over- from underfitting, or None.
        settings: All settings.
        device: `"cpu"` or `"cuda"`.
        progress: Show a bar.
        checkpoint: Where the fit's state is kept.
        logs: Folder for TensorBoard, or None.

    Returns:
        The module and the losses.

    Raises:
        KeyboardInterrupt: It was interrupted.
        GeneratorError: The loss is no longer finite (SA442).
        ConfigError: The checkpoint is of another fit (SA445).
    """
    state = checkpoint.read()
    batches = math.ceil(len(data.classes) / settings["batch_size"])
    order = torch.Generator().manual_seed(settings["seed"])
    with own_randomness(device, settings["seed"]), quiet(), _threads(data.tiny):
        module = make_module(kind, data, settings, settings["epochs"] * batches)
        watch = FitWatch(
            module,
            settings,
            None if "epsilon" in settings else data,
            held_out,
            order,
            progress=progress,
            # A private fit does not resume: what it spent before would have to be known for certain.
            checkpoint=None if "epsilon" in settings else checkpoint,
            state=state,
            logs=logs,
            every=max(
                1, math.ceil(settings["epochs"] / 100), math.ceil(module.looks_every / batches)
            ),
        )
        samples = module.samples(data)
        private = None
        if "epsilon" in settings and isinstance(module, CVAE):
            private = Private(module, samples, settings)
        loader = _loader(samples, settings, order) if private is None else private.loader
        if watch.epochs_done < settings["epochs"] and not watch.ended:
            _train(module, loader, settings, device, watch)
        watch.finish()
    return Fitted(module, watch.losses(), None if private is None else private.spent())


def _train(
    module: StepModule,
    loader: DataLoader[Any],
    settings: Mapping[str, Any],
    device: str,
    watch: FitWatch,
) -> None:
    """Let Lightning run the epochs that are left."""
    trainer = lightning.Trainer(
        accelerator=_ACCELERATORS[device],
        devices=1,
        max_epochs=settings["epochs"] - watch.epochs_done,
        callbacks=[watch],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    leave_alone(trainer)
    trainer.fit(module, loader)
    if trainer.interrupted:
        raise KeyboardInterrupt


def _loader(
    samples: TensorDataset, settings: Mapping[str, Any], order: torch.Generator
) -> DataLoader[Any]:
    """Make shuffled batches."""
    batches = BatchSampler(
        RandomSampler(samples, generator=order), settings["batch_size"], drop_last=False
    )
    # A generator of its own: otherwise each pass draws from the one that a checkpoint puts back.
    own = torch.Generator().manual_seed(0)
    return DataLoader(samples, sampler=batches, batch_size=None, generator=own)


@contextlib.contextmanager
def _threads(tiny: bool) -> Iterator[None]:
    """Fit tiny images on one thread: several wait for each other longer than they compute."""
    before = torch.get_num_threads()
    if tiny:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
