"""Notice validation and test samples that a fitted generator was fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightning_synthaug.data.kinds import is_concat, is_subset, is_tensors
from lightning_synthaug.errors import SynthAugError, TrainerError
from lightning_synthaug.generators import Generator, seen_samples
from lightning_synthaug.generators.fitted_on import fitted_digests
from lightning_synthaug.trainer.trees import leaves

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["told_of_seen"]

_LOOKED_AT = 256


def told_of_seen(sources: Mapping[str, Any], loaders: Any, stage: str) -> str | None:
    """Look at some samples of each loader, and say so where a source was fitted on any of them.

    Looked at are only samples that lie in memory or are read in this process anyway: a dataset that opens files in its
    workers may not be touched before they start.

    Args:
        sources: Generators and synthetic datasets by name.
        loaders: Loaders of the stage: one, several, or None.
        stage: `"validation"` or `"test"`, for the text.

    Returns:
        A sentence with the code of the page on it; None where nothing was found.
    """
    fitted = {n: g for n, g in sources.items() if isinstance(g, Generator)}
    fitted = {n: g for n, g in fitted.items() if fitted_digests(g) is not None}
    for _, loader in leaves(loaders) if fitted and loaders is not None else ():
        dataset = getattr(loader, "dataset", None)
        if dataset is None or not (_in_memory(dataset) or not getattr(loader, "num_workers", 1)):
            continue
        for name, generator in fitted.items():
            try:
                rows = seen_samples(generator, dataset, most=_LOOKED_AT)
            except (SynthAugError, TypeError, ValueError, KeyError, IndexError):
                break  # the dataset has no samples that could be read: nothing is known
            if rows:
                count = min(len(dataset), _LOOKED_AT)
                what = "sounds" if generator.modality == "audio" else f"{generator.modality}s"
                return str(TrainerError("SA741", _text(name, stage, len(rows), count, what)))
    return None


def _text(name: str, stage: str, seen: int, of: int, what: str) -> str:
    """Word what was found."""
    return (
        f"A generator must be fitted on training {what} alone, got {seen} of {of} {stage} {what} looked at among those "
        f"that {name!r} was fitted on. What it makes resembles them, so the scores are too good: fit it again without "
        "them."
    )


def _in_memory(dataset: Any) -> bool:
    """Tell whether samples lie in memory, whatever opens them."""
    if is_subset(dataset):
        return _in_memory(dataset.dataset)
    if is_concat(dataset):
        return all(_in_memory(part) for part in dataset.datasets)
    return (
        is_tensors(dataset)
        or isinstance(dataset, list | tuple)
        or hasattr(getattr(dataset, "data", None), "shape")
    )
