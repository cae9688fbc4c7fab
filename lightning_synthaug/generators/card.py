"""The card beside a fitted generator's weights: what it is, what it was made from, how to load it again.

A card is JSON and goes with a safetensors file, so that a generator can be handed on without any
code of this package being pickled into it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.digest import file_digest
from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = ["CARD_FORMAT", "generator_from_card", "read_card"]

CARD_FORMAT = 1
"""Version of the card's layout."""

_SOUNDS = "lightning_synthaug.generators.networks.sounds:sound_maker"

#: The networks of this package, and those arguments of each that change how it samples and not what it has learned.
_NETWORKS: dict[str, tuple[str, ...]] = {
    "lightning_synthaug.generators.networks.cgan:ImageMaker": ("spread",),
    "lightning_synthaug.generators.networks.cvae:ClassDecoder": ("spread", "around", "along"),
    "lightning_synthaug.generators.networks.cvae:Decoder": (),
    "lightning_synthaug.generators.networks.diffusion:DiffusionSampler": (
        "sampler",
        "steps",
        "guidance",
    ),
    "lightning_synthaug.generators.networks.flow:FlowSampler": ("steps",),
}
#: What each entry has to be, by its path in the card.
_FORM: dict[str, type | tuple[type, ...]] = {
    "weights": str,
    "weights_digest": str,
    "labels": list,
    "class_names": (list, type(None)),
    "name": (str, type(None)),
    "licence": (str, type(None)),
    "source": (str, type(None)),
}
#: The same of a network of this package, and of what was fitted on top of a language model.
_NETWORK: dict[str, type | tuple[type, ...]] = {
    "network": dict,
    "network.module": str,
    "network.arguments": dict,
    "network.latent": (int, list),
    "output": dict,
    "output.range": list,
    "output.dtype": str,
}
#: The same of the form of sounds, where a network makes pictures of them.
_SOUND: dict[str, type | tuple[type, ...]] = {
    "sound": dict,
    "sound.rate": int,
    "sound.length": int,
    "sound.bands": int,
    "sound.loudest": (int, float),
}
_LANGUAGE: dict[str, type | tuple[type, ...]] = {
    "base": dict,
    "base.model": str,
    "base.revision": (str, type(None)),
    "base.digest": str,
    "base.dtype": str,
    "prompt": str,
}


def read_card(path: str | Path) -> dict[str, Any]:
    """Read a card and check that it belongs to the weights beside it.

    Args:
        path: The JSON file.

    Returns:
        Its content.

    Raises:
        GeneratorError: A file is missing, the card is damaged or of a newer format, it names a
            network that this package did not fit, or the weights are others than the card
            describes.
    """
    path = Path(path)
    try:
        card = json.loads(path.read_text("utf-8"))
        version = card["format"]
        weights = path.parent / Path(card["weights"]).name if version == CARD_FORMAT else None
        fault = _fault(card) if version == CARD_FORMAT else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _refuse(path, "a readable card", f"{type(error).__name__}: {error}", error)
    if weights is None:
        _refuse(path, f"a card of format {CARD_FORMAT}", f"format {version!r}")
    if fault is not None:
        _refuse(path, f"a card with {fault}", sorted(card))
    if "base" not in card and card["network"]["module"] not in _NETWORKS:
        _refuse(path, f"a card of one of {sorted(_NETWORKS)}", card["network"]["module"])
    try:
        digest = file_digest(weights)
    except OSError as error:
        _refuse(path, "a card beside its weights", f"no {weights.name}", error)
    if digest != card["weights_digest"]:
        _refuse(path, f"a card of {weights.name} with digest {card['weights_digest']}", digest)
    return card  # type: ignore[no-any-return]


def generator_from_card(
    path: str | Path, *, batch_size: int = 64, sampling: Mapping[str, Any] | None = None
) -> TorchGenerator:
    """Make the generator that a card describes.

    Args:
        path: The JSON file, its weights beside it.
        batch_size: Rows of every forward pass, >= 1.
        sampling: Arguments of its network that change how it samples.

    Returns:
        The generator, not loaded yet.

    Raises:
        GeneratorError: As `read_card`.
        ConfigError: The network takes no such argument or value (SA449), or `batch_size` is below 1.
    """
    path = Path(path)
    card = read_card(path)
    network, output = _steered(card["network"], sampling or {}), card["output"]
    try:
        return _made(path, card, network, output, batch_size)
    except ConfigError as error:
        if batch_size < 1:
            raise
        _refuse(path, "entries that TorchGenerator takes", error.message, error)


def _made(
    path: Path, card: dict[str, Any], network: Any, output: Any, batch_size: int
) -> TorchGenerator:
    """Make the generator of a card whose form is right."""
    sound = card.get("sound")
    heard = {
        "network": network["module"],
        "arguments": network["arguments"],
        "output_range": output["range"],
        "spectrograms": sound,
    }
    return TorchGenerator(
        path.parent / Path(card["weights"]).name,
        module=network["module"] if sound is None else _SOUNDS,
        module_args=network["arguments"] if sound is None else heard,
        latent=network["latent"],
        classes=card["labels"],
        class_names=card.get("class_names"),
        label_input="onehot",
        output_range=tuple(output["range"]) if sound is None else (-1.0, 1.0),
        layout="CHW" if sound is None else "T",
        rate=None if sound is None else sound["rate"],
        dtype=output["dtype"],
        batch_size=batch_size,
        name=card.get("name"),
        licence=card.get("licence"),
        source=card.get("source"),
    )


def _steered(network: dict[str, Any], sampling: Mapping[str, Any]) -> dict[str, Any]:
    """Put arguments of sampling into what the card says of the network."""
    known = _NETWORKS[network["module"]]
    unknown = sorted(set(sampling) - set(known))
    if unknown:
        message = (
            f"How a fitted generator samples must be told by {list(known)}, got {unknown} for "
            f"{network['module'].rpartition(':')[2]}. Leave them out, or fit a generator of another kind."
        )
        raise ConfigError("SA449", message)
    chosen = {k: v.tolist() if hasattr(v, "tolist") else v for k, v in sampling.items()}
    for name, value in chosen.items():
        if value is not None and (wanted := _wanted(name, value, network["arguments"])):
            message = f"`{name}` must be {wanted}, got {value!r:.200}. Correct it in load_fitted({name}=...)."
            raise ConfigError("SA449", message)
    # A way to go takes one number of noise more: how far.
    latent = network["latent"] + 1 if chosen.get("along") is not None else network["latent"]
    return {**network, "arguments": {**network["arguments"], **chosen}, "latent": latent}


def _wanted(name: str, value: Any, arguments: Mapping[str, Any]) -> str:
    """Say what an argument of sampling has to be; an empty text where it is that."""
    if name == "sampler":
        return "" if value in ("dpm", "ddim") else '"dpm" or "ddim"'
    try:
        numbers = np.array(value, np.float64)
    except (TypeError, ValueError):
        numbers = np.array(np.nan)
    finite = bool(np.isfinite(numbers).all())
    if name in ("around", "along"):
        latent, classes = arguments["latent"], arguments["classes"]
        good = finite and numbers.shape in ((latent,), (1, latent), (classes, latent))
        return "" if good else f"{latent} finite numbers, or so many for each of {classes} classes"
    if name == "steps":
        good = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        return "" if good else "a whole number, at least 1"
    good = finite and numbers.ndim == 0 and bool(numbers >= 0)
    return "" if good else "a number, at least 0"


def _fault(card: dict[str, Any]) -> str | None:
    """Name the first entry that is missing or of another type; None where all are right."""
    form = {**_FORM, **(_LANGUAGE if "base" in card else _NETWORK)}
    form |= _SOUND if card.get("sound") else {}
    for place, kinds in form.items():
        entry: Any = card
        for key in place.split("."):
            entry = entry.get(key)
        if not isinstance(entry, kinds) or isinstance(entry, bool):
            names = kinds if isinstance(kinds, tuple) else (kinds,)
            return f"{place!r} as {' or '.join(kind.__name__ for kind in names)}"
    return None


def _refuse(path: Path, wanted: str, got: object, cause: Exception | None = None) -> NoReturn:
    """Say what is wrong with the files."""
    message = (
        f'A fitted generator must have {wanted}, got {got} at "{path}". '
        "Copy card and weights again, or fit it again: synthaug fit-generator."
    )
    raise GeneratorError("SA443", message) from cause
