"""Fitting a generator, from arrays to a folder with weights, card and report."""

from __future__ import annotations

import datetime
import platform
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.fitting.checkpoint import Checkpoint
from lightning_synthaug.fitting.data import FitData
from lightning_synthaug.fitting.forms import form_data
from lightning_synthaug.fitting.framework import lightning
from lightning_synthaug.fitting.result import image_result, text_result
from lightning_synthaug.fitting.saved import check_out, load_fitted, write_fitted
from lightning_synthaug.fitting.settings import complete_settings
from lightning_synthaug.fitting.texts import TextData
from lightning_synthaug.fitting.training import run_fit, split_data
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.text.fitted_writer import fitted_prompt
from lightning_synthaug.generators.text.pretrained import model_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from lightning_synthaug.generators.base import Generator

__all__ = ["fit_cvae", "fit_generator", "fit_lm"]

_DEVICES = ("auto", "cpu", "cuda")
_INTENDED = "Synthetic training samples of the classes it was fitted on; not for measuring a model."
_KIND = {
    "cvae": "class-conditional variational autoencoder, decoder only",
    "cgan": "class-conditional generative adversarial network, generator only",
    "diffusion": "class-conditional diffusion model",
    "lm": "class-conditional language model, low-rank adapter only",
}


def fit_generator(
    kind: str,
    samples: ArrayLike | Sequence[str],
    labels: ArrayLike,
    *,
    out: str | Path,
    size: int | None = None,
    rate: int | None = None,
    bands: int | None = None,
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
) -> Generator:
    """Fit a class-conditional generator and keep it, with a card and a report, in a folder.

    The folder appears when everything is done, complete. A fit that is interrupted goes on from where it stood when it
    is started again with the same data, settings and `out`. The global random state is left as it was, and the same
    data, settings, machine and number of threads give the same weights, as long as time is not limited.

    Args:
        kind: `"cvae"`, `"cgan"` or `"diffusion"` for images and sounds, `"lm"` for texts.
        samples: Images: uint8 0..255 or floating point in [0, 1], shape `(n, rows, columns)` or
            `(n, rows, columns, channels)`; sides of at least 4; the depth of the network follows the size. With `size`
            also a list of images of any sizes. With `rate`, sounds. Or texts: strings, whose line breaks become blanks.
        labels: Integers of any value, shape `(n,)`; the generator is asked for these.
        out: Folder to be; missing or empty.
        size: Rows and columns of the samples, in pixels, >= 4: images are scaled until their shorter side fits, and the
            middle is cut out. None: the images have one size, and samples have it too.
        rate: Sampling rate of sounds, in hertz; then samples are of shape `(n,)` each, floats in [-1, 1] or int16.
            Shorter ones are followed by silence. The networks see them as pictures: bands of the mel scale over time;
            what they make is brought back to waves. None: samples are something else.
        bands: Of sounds: rows of such a picture, 4 to 512. More are finer, and slower. None: 32.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        class_names: Name of each label, in ascending order of the labels: for the card, and told to a language model.
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
            (differential privacy, of images alone); of a cgan `loss` (`"hinge"` or `"wgan-gp"`) and `augment`; of a
            language model `model` and `revision` (as `LanguageModelWriter` takes them), `prompt` (what it is told, with
            the place `{label}`), `rank` (of what is added to its weights), `longest` (tokens of a text) and `dtype`.

    Returns:
        The fitted generator, as `load_fitted(out)`.

    Raises:
        ConfigError: A setting is unknown or lies outside its range (SA444), `out` is not free (SA441), or an
            interrupted fit was another one (SA445).
        DataError: Images, sounds or labels have another form (SA440), or texts (SA835).
        GeneratorError: The loss is no longer finite (SA442), or the language model cannot be read (SA480) or not be
            fitted (SA836).
        MissingDependency: A library that this kind needs is not installed (SA832).
    """
    data: Any = form_data(  # of any modality; what follows is the same for all
        kind,
        samples,
        labels,
        class_names=class_names,
        size=size,
        rate=rate,
        bands=bands,
        epsilon=settings.get("epsilon"),
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
    module: Any = fitted.module.to(place)  # Lightning has moved it to the CPU
    gather: Any = text_result if kind == "lm" else image_result
    result = gather(module, fitted, chosen, seen, held_out)
    card = {
        "kind": _KIND[kind],
        "name": name or folder.name,
        "made": date or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "licence": licence,
        "source": source,
        "intended_use": intended_use,
        "labels": data.labels,
        "class_names": None if class_names is None else list(class_names),
        "data": data.describe(),
        "versions": _versions(kind),
        **result.card,
    }
    write_fitted(folder, result.weights, card, result.files, weights_name=result.weights_name)
    checkpoint.remove()
    return load_fitted(folder)


def fit_cvae(images: ArrayLike, labels: ArrayLike, *, out: str | Path, **options: Any) -> Generator:
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


def fit_lm(
    texts: Sequence[str],
    labels: ArrayLike,
    *,
    model: str | Path,
    out: str | Path,
    **options: Any,
) -> Generator:
    """Fit a language model on labelled texts, so that it writes new ones of a label: `fit_generator("lm", ...)`.

    Args:
        texts: Training texts.
        labels: Integers of any value, shape `(n,)`.
        model: A folder, a GGUF file, or the name of a causal model on the Hugging Face Hub.
        out: Folder to be; missing or empty.
        options: Any further argument of `fit_generator`.

    Returns:
        The fitted generator, a `FittedWriter`, as `load_fitted(out)`.

    Raises:
        SynthAugError: As `fit_generator`.
    """
    return fit_generator("lm", texts, labels, out=out, model=str(model), **options)


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


def _identity(kind: str, data: FitData | TextData, settings: Mapping[str, Any], place: str) -> str:
    """Digest what makes a fit the same one: a language model and its prompt by what is in their files."""
    shown = {**settings, "kind": kind, "data": data.digest, "device": place, **_versions(kind)}
    if isinstance(data, FitData):
        shown["form"] = str(data.spectrograms)
    if isinstance(data, TextData):
        shown["model"] = model_digest(settings["model"], settings["revision"])
        shown["told"] = [fitted_prompt(settings["prompt"]).text, *data.names]
    return canonical_digest(shown)


def _check_names(class_names: Sequence[str] | None, data: FitData | TextData) -> None:
    """Insist on one name a label."""
    if class_names is None:
        return
    if isinstance(class_names, str) or len(class_names) != len(data.labels):
        message = (
            f"`class_names` must name each of the {len(data.labels)} labels {data.labels}, "
            f"got {class_names!r}. Give one name a label, in ascending order."
        )
        raise ConfigError("SA444", message)


def _versions(kind: str) -> dict[str, str]:
    """List the versions that the weights may depend on."""
    others = ("lightning-synthaug", *(("peft", "transformers") if kind == "lm" else ()))
    found = {}
    for library in others:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "not installed"
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        lightning.__name__: lightning.__version__,
        **found,
    }
