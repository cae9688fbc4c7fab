"""Fitting the class-conditional autoencoder, from arrays to a folder with weights and card."""

from __future__ import annotations

import contextlib
import datetime
import math
import platform
from importlib import metadata
from typing import TYPE_CHECKING, Any, final

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset
from tqdm.auto import tqdm

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.fitting.cvae import CVAE
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.framework import lightning, quiet
from lightning_synthaug.fitting.saved import check_out, load_fitted, write_fitted
from lightning_synthaug.generators.torch_network import own_randomness
from lightning_synthaug.trainer.from_file import leave_alone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

    from lightning_synthaug.fitting.data import FitData
    from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = ["fit_cvae"]

_STEPS = 4000
_TINY = 1024
_SEEDS = 1 << 63  # torch takes no larger ones
_ACCELERATORS = {"auto": "auto", "cpu": "cpu", "cuda": "gpu"}
_INTENDED = "Synthetic training samples of the classes it was fitted on; not for measuring a model."


def fit_cvae(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    out: str | Path,
    epochs: int | None = None,
    max_minutes: float | None = None,
    latent: int = 8,
    width: int = 192,
    beta: float = 0.3,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    seed: int = 0,
    device: str = "auto",
    class_names: Sequence[str] | None = None,
    name: str | None = None,
    licence: str | None = None,
    source: str | None = None,
    intended_use: str = _INTENDED,
    date: str | None = None,
    progress: bool = True,
) -> TorchGenerator:
    """Fit a class-conditional autoencoder and keep its decoder, with a card, in a folder.

    The folder appears when everything is done, complete; an interrupted fit leaves nothing behind.
    The global random state is left as it was, and the same data, settings, machine and number of
    threads give the same weights.

    Args:
        images: uint8 0..255 or floating point in [0, 1], shape `(n, rows, columns)` or
            `(n, rows, columns, channels)`; sides of at least 4.
        labels: Integers of any value, shape `(n,)`; the generator is asked for these.
        out: Folder for `generator.safetensors` and `card.json`; missing or empty.
        epochs: Passes over the data, >= 1. None: as many as make about 4,000 steps, at least 10.
        max_minutes: Stop after so many minutes, > 0, and keep what was learned by then. None: no
            limit.
        latent: Size of the latent, >= 1.
        width: Hidden units, >= 8.
        beta: Weight of the latent's divergence, > 0. Smaller: more varied, but more malformed
            samples.
        batch_size: Images a step, >= 1.
        learning_rate: Highest step size, > 0.
        seed: Of first weights, order and latents; any integer >= 0.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        class_names: Name of each label, in ascending order of the labels, for the card.
        name: What reports call the generator; by default the folder's name.
        licence: Licence of the data, which the samples inherit, for the card.
        source: Where the data come from, for the card.
        intended_use: For the card.
        date: Date for the card; by default the present time in UTC.
        progress: Show a bar.

    Returns:
        The fitted generator, as `load_fitted(out)`.

    Raises:
        ConfigError: A setting lies outside its range, or `out` is not free.
        DataError: Images or labels have another form.
        GeneratorError: The loss is no longer finite.
    """
    data = fit_data(images, labels)
    settings: dict[str, Any] = {
        "epochs": epochs or max(10, math.ceil(_STEPS * batch_size / max(1, len(data.classes)))),
        "max_minutes": max_minutes,
        "latent": latent,
        "width": width,
        "beta": beta,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    _check(settings, epochs, class_names, data)
    if device not in _ACCELERATORS:
        message = f"`device` must be one of {list(_ACCELERATORS)}, got {device!r}. Choose one."
        raise ConfigError("SA444", message)
    if device == "cuda" and not torch.cuda.is_available():
        message = '`device` must be one that torch can use, got \'cuda\' without a usable GPU. Use "auto" or "cpu".'
        raise ConfigError("SA444", message)
    folder = check_out(out)
    network, losses = _fit(data, settings, device, progress)
    arguments = {
        "image_shape": list(data.images.shape[1:]),
        "classes": len(data.labels),
        "latent": latent,
        "width": width,
    }
    card = {
        "kind": "class-conditional variational autoencoder, decoder only",
        "name": name or folder.name,
        "made": date or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "licence": licence,
        "source": source,
        "intended_use": intended_use,
        "labels": data.labels,
        "class_names": None if class_names is None else list(class_names),
        "network": {
            "module": "lightning_synthaug.generators.networks.cvae:Decoder",
            "arguments": arguments,
            "latent": latent,
        },
        "output": {"dtype": data.dtype, "range": [0.0, 1.0]},
        "data": data.describe(),
        "settings": settings,
        "losses": losses,
        "versions": _versions(),
    }
    weights = {key: value.cpu() for key, value in network.decoder.state_dict().items()}
    write_fitted(folder, weights, card)
    return load_fitted(folder)


def _fit(
    data: FitData, settings: dict[str, Any], device: str, progress: bool
) -> tuple[CVAE, dict[str, Any]]:
    """Run the fit on one device, with randomness of its own."""
    count, batch_size = len(data.classes), settings["batch_size"]
    minutes = settings["max_minutes"]
    watch = _Watch(settings["epochs"], progress)
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    with own_randomness(place, settings["seed"]), quiet(), _threads(data):
        network = CVAE(
            image_shape=data.images.shape[1:],
            classes=len(data.labels),
            total_steps=settings["epochs"] * math.ceil(count / batch_size),
            **{key: settings[key] for key in ("latent", "width", "beta", "learning_rate")},
        )
        order = torch.Generator().manual_seed(settings["seed"])
        samples = TensorDataset(torch.from_numpy(data.images), torch.from_numpy(data.classes))
        batches = BatchSampler(RandomSampler(samples, generator=order), batch_size, drop_last=False)
        trainer = lightning.Trainer(
            accelerator=_ACCELERATORS[device],
            devices=1,
            max_epochs=settings["epochs"],
            max_time=None if minutes is None else datetime.timedelta(minutes=minutes),
            callbacks=[watch],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        leave_alone(trainer)
        trainer.fit(network, DataLoader(samples, sampler=batches, batch_size=None))
        if trainer.interrupted:
            raise KeyboardInterrupt
    return network, {**watch.means(), "epochs_done": watch.epochs_done}


@contextlib.contextmanager
def _threads(data: FitData) -> Iterator[None]:
    """Fit tiny images on one thread: several wait for each other longer than they compute."""
    before = torch.get_num_threads()
    if data.images[0].size <= _TINY:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@final
class _Watch(lightning.Callback):  # type: ignore[misc]  # one of two bases, chosen at run time
    """Show the bar, keep the last epoch's losses, and stop when they are no longer finite."""

    def __init__(self, epochs: int, progress: bool) -> None:
        self.epochs = epochs
        self.progress = progress
        self.epochs_done = 0
        self._sums = {"reconstruction": 0.0, "divergence": 0.0}
        self._batches = 0
        self._bar: Any = None

    def means(self) -> dict[str, float]:
        """Average over the batches of the last epoch."""
        return {key: round(total / max(1, self._batches), 6) for key, total in self._sums.items()}

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the bar."""
        self._bar = tqdm(
            total=self.epochs, desc="Fitting", unit="epoch", disable=None if self.progress else True
        )

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """Start a new average."""
        self._sums = dict.fromkeys(self._sums, 0.0)
        self._batches = 0

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Add one batch."""
        for key in self._sums:
            self._sums[key] += float(outputs[key])
        self._batches += 1
        if not math.isfinite(sum(self._sums.values())):
            message = (
                f"The loss must stay finite, got {self.means()} at step {trainer.global_step}. "
                "Lower `learning_rate`, or look for damaged images."
            )
            raise GeneratorError("SA442", message)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Move the bar on."""
        self.epochs_done += 1
        self._bar.set_postfix({key: f"{value:.3g}" for key, value in self.means().items()})
        self._bar.update()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Close the bar, also after an error."""
        if self._bar is not None:
            self._bar.close()


def _check(
    settings: dict[str, Any], epochs: int | None, class_names: Sequence[str] | None, data: FitData
) -> None:
    """Check the settings."""
    limits = {"latent": 1, "width": 8, "batch_size": 1, "seed": 0, "epochs": 1}
    given = {**settings, "epochs": 1 if epochs is None else epochs}
    for key, least in limits.items():
        if given[key] < least:
            raise ConfigError(
                "SA444", f"`{key}` must be at least {least}, got {given[key]!r}. Raise it."
            )
    if settings["seed"] >= _SEEDS:
        raise ConfigError(
            "SA444", f"`seed` must lie below 2**63, got {settings['seed']!r}. Lower it."
        )
    for key in ("beta", "learning_rate", "max_minutes"):
        value = settings[key]
        if value is not None and not value > 0:
            raise ConfigError("SA444", f"`{key}` must be positive, got {value!r}. Raise it.")
    if class_names is not None and len(class_names) != len(data.labels):
        message = (
            f"`class_names` must name each of the {len(data.labels)} labels {data.labels}, "
            f"got {list(class_names)!r}. Give one name a label, in ascending order."
        )
        raise ConfigError("SA444", message)


def _versions() -> dict[str, str]:
    """List the versions that the weights may depend on."""
    try:
        own = metadata.version("lightning-synthaug")
    except metadata.PackageNotFoundError:
        own = "not installed"
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        lightning.__name__: lightning.__version__,
        "lightning-synthaug": own,
    }
