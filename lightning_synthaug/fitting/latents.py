"""Where things lie in the latent space of a fitted autoencoder: real images, and the middle of each class.

What is found here steers the generator: `load_fitted(folder, around=..., along=..., spread=...)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.saved import CARD, ENCODER
from lightning_synthaug.fitting.sounds import sound_data
from lightning_synthaug.generators.card import read_card
from lightning_synthaug.generators.torch_weights import fit_weights, read_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["class_means", "find_latents"]


def class_means(folder: str | Path) -> NDArray[np.float32]:
    """Tell where the latents of each class have their middle.

    Args:
        folder: What `fit_generator("cvae", ...)` left.

    Returns:
        Shape `(classes, latent)`, in ascending order of the labels.

    Raises:
        GeneratorError: It is no autoencoder, or files are missing or damaged (SA443).
    """
    card = _card(folder)
    means: NDArray[np.float32] = read_weights(Path(folder) / card["weights"])["means"].numpy()
    return means


def find_latents(folder: str | Path, images: ArrayLike, labels: ArrayLike) -> NDArray[np.float32]:
    """Find the latents of real images.

    Args:
        folder: What `fit_generator("cvae", ...)` left.
        images: Images or sounds as they were fitted on, one or more: shape `(n, rows, columns)`,
            `(n, rows, columns, channels)` or `(n, length)`.
        labels: Labels that the generator knows, shape `(n,)`.

    Returns:
        Shape `(n, latent)`.

    Raises:
        GeneratorError: It is no autoencoder, its fit was private and has no encoder, or files are missing (SA443).
        DataError: Images, sounds or labels have another form, or a label is unknown (SA440).
    """
    import torch

    from lightning_synthaug.generators.networks.cvae import Encoder
    from lightning_synthaug.generators.networks.sounds import Spectrograms

    card, weights = _card(folder), Path(folder) / ENCODER
    if not weights.exists():
        _refuse(folder, "an encoder", "none, as after a private fit")
    encoder = Encoder(**card["network"]["arguments"])
    fit_weights(encoder, read_weights(weights), weights)
    data = (
        sound_data(images, labels, known=card["labels"], spectrograms=Spectrograms(**card["sound"]))
        if card.get("sound")
        else fit_data(images, labels, known=card["labels"])
    )
    onehot = torch.nn.functional.one_hot(torch.from_numpy(data.classes), len(card["labels"]))
    with torch.inference_mode():
        mean, _ = encoder.eval()(torch.from_numpy(data.images), onehot.float())
    found: NDArray[np.float32] = mean.numpy()
    return found


def _card(folder: str | Path) -> dict[str, Any]:
    """Read the card of an autoencoder."""
    card = read_card(Path(folder) / CARD)
    if not card["network"]["module"].endswith(":ClassDecoder"):
        _refuse(folder, "latents of its classes", card["kind"])
    return card


def _refuse(folder: str | Path, wanted: str, got: str) -> NoReturn:
    """Say what is not there."""
    message = (
        f'A generator that is steered must have {wanted}, got {got} at "{folder}". '
        "Fit it again: synthaug fit-generator cvae."
    )
    raise GeneratorError("SA443", message)
