"""Samples and labels of any modality, brought into the form that a kind is fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.fitting.sounds import sound_data
from lightning_synthaug.fitting.texts import text_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from lightning_synthaug.fitting.data import FitData
    from lightning_synthaug.fitting.texts import TextData

__all__ = ["form_data"]

#: What each modality takes. Sounds are scaled by the loudest of them, so a fit on them tells of it and is not private.
_TAKES = {"images": ("size", "epsilon"), "sounds": ("rate", "bands"), "texts": ()}


def form_data(
    kind: str,
    samples: ArrayLike | Sequence[str],
    labels: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    **told: Any,
) -> FitData | TextData:
    """Check samples and labels: texts for a language model, sounds where a rate is told, else images.

    Args:
        kind: Kind of generator.
        samples: As `fit_generator` takes them.
        labels: Integers of any value, shape `(n,)`.
        class_names: Name of each label, in ascending order of the labels, or None.
        told: `size`, `rate`, `bands` and `epsilon`, as `fit_generator` takes them.

    Returns:
        The data.

    Raises:
        ConfigError: A modality is told what is not of it, or `size` is no number of pixels (SA444).
        DataError: Samples or labels have another form (SA440, SA835).
    """
    given = {name: value for name, value in told.items() if value is not None}
    modality = "texts" if kind == "lm" else "sounds" if "rate" in given else "images"
    for name in sorted(set(given) - set(_TAKES[modality])):
        message = f"`{name}` must be left out where {modality} are fitted on, got {given[name]!r}. Correct it."
        raise ConfigError("SA444", message)
    if modality == "texts":
        return text_data(cast("Sequence[str]", samples), labels, class_names=class_names)
    if modality == "sounds":
        return sound_data(samples, labels, **given)
    size = given.get("size")
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 4):
        message = f"`size` must be a whole number of pixels, at least 4, got {size!r}. Correct it."
        raise ConfigError("SA444", message)
    return fit_data(samples, labels, size=size)
