"""Fitting a generator, from arrays to a folder with weights, card and report."""

from __future__ import annotations

import dataclasses
import datetime
import io
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import save

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.fitting.checkpoint import Checkpoint
from lightning_synthaug.fitting.cvae import CVAE
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.framework import lightning
from lightning_synthaug.fitting.report import judge_samples, picture_samples, sound_samples
from lightning_synthaug.fitting.saved import ENCODER, check_out, load_fitted, write_fitted
from lightning_synthaug.fitting.settings import complete_settings
from lightning_synthaug.fitting.sounds import sound_data
from lightning_synthaug.fitting.training import network_arguments, run_fit, split_data
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.fitted_on import DIGESTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from lightning_synthaug.fitting.data import FitData
    from lightning_synthaug.fitting.training import Fitted
    from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = ["fit_cvae", "fit_generator"]

_DEVICES = ("auto", "cpu", "cuda")
_INTENDED = "Synthetic training samples of the classes it was fitted on; not for measuring a model."
_KIND = {
    "cvae": "class-conditional variational autoencoder, decoder only",
    "cgan": "class-conditional generative adversarial network, generator only",
    "diffusion": "class-conditional diffusion model",
}


def fit_generator(
    kind: str,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    out: str | Path,
    rate: int | None = None,
    bands: int = 32,
    device: str = "auto",
    class_names: Sequence[str] | None = None,
    name: str | None = None,
    licence: str | None = None,
    source: str | None = None,
    intended_use: str = _INTENDED,
    date: str | None = None,
    progress: bool = True,
    logs: str | Path | None = None,
    **settings: Any,
) -> TorchGenerator:
    """Fit a class-conditional generator and keep it, with a card and a report, in a folder.

    The folder appears when everything is done, complete. A fit that is interrupted goes on from where it stood when it
    is started again with the same data, settings and `out`. The global random state is left as it was, and the same
    data, settings, machine and number of threads give the same weights, as long as time is not limited.

    Args:
        kind: `"cvae"`, `"cgan"` or `"diffusion"`.
        images: uint8 0..255 or floating point in [0, 1], shape `(n, rows, columns)` or
            `(n, rows, columns, channels)`; sides of at least 4. The depth of the network follows the size. With
            `rate`, sounds: see there.
        labels: Integers of any value, shape `(n,)`; the generator is asked for these.
        out: Folder to be; missing or empty.
        rate: Sampling rate of sounds, in hertz; then `images` are sounds of shape `(n,)` each, floats in [-1, 1] or
            int16. Shorter ones are followed by silence. The networks see them as pictures: bands of the mel scale over
            time; what they make is brought back to waves. None: they are images.
        bands: Of sounds: rows of such a picture, 4 to 512. More are finer, and slower.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        class_names: Name of each label, in ascending order of the labels, for the card.
        name: What reports call the generator; by default the folder's name.
        licence: Licence of the data, which the samples inherit, for the card.
        source: Where the data come from, for the card.
        intended_use: For the card.
        date: Date for the card; by default the present time in UTC.
        progress: Show a bar.
        logs: Folder for TensorBoard: losses and samples while the fit runs.
        settings: `epochs`, `max_minutes`, `batch_size`, `held_out` (share of each class that is not fitted on, [0, 1)),
            `patience` (looks at the held-out share without progress before the end; 100 looks a fit at most), `seed`,
            `width`, `learning_rate`; of a cvae and a cgan `latent`; of a cvae `beta`, `epsilon`, `delta` and `clip`
            (differential privacy); of a cgan `loss` (`"hinge"` or `"wgan-gp"`) and `augment`.

    Returns:
        The fitted generator, as `load_fitted(out)`.

    Raises:
        ConfigError: A setting is unknown or lies outside its range (SA444), `out` is not free (SA441), or an
            interrupted fit was another one (SA445).
        DataError: Images, sounds or labels have another form (SA440).
        GeneratorError: The loss is no longer finite (SA442).
        MissingDependency: A library that this kind needs is not installed (SA832).
    """
    data = (
        fit_data(images, labels)
        if rate is None
        else sound_data(images, labels, rate=rate, bands=bands)
    )
    chosen = complete_settings(kind, settings, len(data.classes))
    _check_names(class_names, data)
    place = _place(device)
    folder = check_out(out)
    private = "epsilon" in chosen  # then nothing else that was measured on the data is told
    seen, held_out = split_data(data, 0.0 if private else chosen["held_out"], chosen["seed"])
    checkpoint = Checkpoint(folder, _identity(kind, data, chosen, place))
    try:
        fitted = run_fit(
            kind,
            seen,
            held_out,
            chosen,
            device=place,
            progress=progress,
            checkpoint=checkpoint,
            logs=None if logs is None else Path(logs),
        )
    except GeneratorError:
        checkpoint.remove()
        raise
    fitted.module.to(place)  # Lightning has moved it to the CPU
    card = {
        "kind": _KIND[kind],
        "name": name or folder.name,
        "made": date or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "licence": licence,
        "source": source,
        "intended_use": intended_use,
        "labels": data.labels,
        "class_names": None if class_names is None else list(class_names),
        "network": {
            "module": fitted.module.module,
            "arguments": network_arguments(data, chosen),
            "latent": _latent(fitted),
        },
        "output": {"dtype": data.dtype, "range": list(fitted.module.pixel_range)},
        "data": data.describe(),
        **({"sound": dataclasses.asdict(data.spectrograms)} if data.spectrograms else {}),
        "settings": chosen,
        "versions": _versions(),
        **_told(fitted, seen, held_out, private=private),
    }
    write_fitted(
        folder, _on_cpu(fitted.module.shipped), card, _files(fitted, seen, private=private)
    )
    checkpoint.remove()
    return load_fitted(folder)


def fit_cvae(
    images: ArrayLike, labels: ArrayLike, *, out: str | Path, **options: Any
) -> TorchGenerator:
    """Fit a class-conditional autoencoder: `fit_generator("cvae", ...)`.

    Args:
        images: As `fit_generator` takes them.
        labels: As `fit_generator` takes them.
        out: Folder to be; missing or empty.
        options: Any further argument of `fit_generator`.

    Returns:
        The fitted generator, as `load_fitted(out)`.

    Raises:
        SynthAugError: As `fit_generator`.
    """
    return fit_generator("cvae", images, labels, out=out, **options)


def _place(device: str) -> str:
    """Choose the device."""
    if device not in _DEVICES:
        message = f"`device` must be one of {list(_DEVICES)}, got {device!r}. Choose one."
        raise ConfigError("SA444", message)
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        message = '`device` must be one that torch can use, got \'cuda\' without a usable GPU. Use "auto" or "cpu".'
        raise ConfigError("SA444", message)
    return "cuda" if device != "cpu" and there else "cpu"


def _identity(kind: str, data: FitData, settings: Mapping[str, Any], place: str) -> str:
    """Digest what makes a fit the same one."""
    shown = {
        **settings,
        "kind": kind,
        "data": data.digest,
        "form": str(data.spectrograms),
        "device": place,
        **_versions(),
    }
    return canonical_digest(shown)


def _latent(fitted: Fitted) -> int | list[int]:
    """Write the shape of a latent as a card has it."""
    shape = fitted.module.latent_shape
    return shape[0] if len(shape) == 1 else list(shape)


def _told(
    fitted: Fitted, data: FitData, held_out: FitData | None, *, private: bool
) -> dict[str, Any]:
    """Tell how the fit went: nothing of it where it must be private, since it was measured on the data."""
    if private:
        return {"privacy": fitted.privacy}
    return {"losses": fitted.losses, "report": judge_samples(fitted.module, data, held_out)}


def _on_cpu(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Take the weights out."""
    return {key: value.cpu().contiguous() for key, value in network.state_dict().items()}


def _files(fitted: Fitted, data: FitData, *, private: bool) -> dict[str, bytes]:
    """Make what lies beside weights and card: nothing of the data where the fit was private."""
    files: dict[str, bytes] = {}
    if not private:
        file = io.BytesIO()
        np.save(file, np.sort(data.marks), allow_pickle=False)
        files[DIGESTS] = file.getvalue()
    if isinstance(fitted.module, CVAE) and not private:
        files[ENCODER] = save(_on_cpu(fitted.module.averaged_encoder))
    picture = picture_samples(fitted.module, None if private else data)
    if picture is not None:
        files["samples.png"] = picture
    return files | sound_samples(fitted.module, data)


def _check_names(class_names: Sequence[str] | None, data: FitData) -> None:
    """Insist on one name a label."""
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
