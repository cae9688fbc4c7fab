"""What a fitted language model is worth: how well it foretells held-out texts, and what it writes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators.gates.embeddings import HashedNgrams
from lightning_synthaug.generators.gates.kernel import KernelClassifier, squared_distances
from lightning_synthaug.generators.gates.wording import NearestTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lightning_synthaug.fitting.language import LanguageModel
    from lightning_synthaug.fitting.texts import TextData

__all__ = ["judge_texts"]

_JUDGED: Final = 48
_SEED: Final = 1 << 40  # far from those of texts that are looked at while the fit runs
#: Texts that the classifier learns from, and the fewest that distances are told to.
_LEARNED: Final = 2000
_FEWEST: Final = 3


def judge_texts(
    module: LanguageModel, data: TextData, held_out: TextData | None
) -> tuple[dict[str, float], bytes]:
    """Measure the fit, and write some samples down.

    Args:
        module: Fitted.
        data: What it was fitted on.
        held_out: What it was not fitted on, or None.

    Returns:
        Figures: perplexities of held-out texts (the number of words between which a model wavers) before and after the
        fit, shares in [0, 1] that a small classifier of the texts fitted on recognises, and median distances to the
        nearest text in words that differ, as a share of the longer text. And a table of samples, tab-separated: class,
        sample, the nearest text that was fitted on.
    """
    count = len(data.labels)
    classes = np.arange(_JUDGED) * count // _JUDGED
    made = module.write(classes.tolist(), first_seed=_SEED)
    written = [place for place, text in enumerate(made) if text]
    texts, classes = [made[place] for place in written], classes[written]
    figures: dict[str, float] = {"samples_empty": 1 - len(written) / _JUDGED}
    if texts:
        figures |= {
            "samples_recognised": _recognised(texts, classes, data),
            "samples_to_nearest_fitted": _nearest(texts, data),
        }
    if held_out is not None:
        real = _recognised(held_out.texts, held_out.classes, data)
        figures |= {
            "held_out_recognised": real,
            "held_out_to_nearest_fitted": _nearest(held_out.texts, data),
            "held_out_perplexity": math.exp(module.loss_on(held_out)),
            "held_out_perplexity_before": math.exp(module.loss_before(held_out)),
        }
        if texts:
            figures["fidelity_ratio"] = figures["samples_recognised"] / max(real, 1e-9)
            figures["samples_to_nearest_held_out"] = _nearest(texts, held_out)
    told = {name: round(value, 4) for name, value in figures.items() if not math.isnan(value)}
    return told, _table(texts, classes, data)


def _records(texts: Sequence[str]) -> list[Record]:
    """Write texts as the gates see them."""
    return [Record({"text": text}) for text in texts]


def _recognised(texts: Sequence[str], classes: NDArray[np.int64], data: TextData) -> float:
    """Tell the share that a classifier of the texts fitted on takes for its class."""
    rows = np.unique(np.linspace(0, len(data.texts) - 1, _LEARNED).astype(np.int64))
    embedding, learned = HashedNgrams(), data.take(rows)
    judge = KernelClassifier(
        embedding.embed(_records(learned.texts)), learned.classes, len(data.labels)
    )
    found = judge.probabilities(embedding.embed(_records(texts))).argmax(1)
    return float((found == classes).mean())


def _nearest(texts: Sequence[str], others: TextData) -> float:
    """Tell the median distance to the nearest other text; not a number where there are too few."""
    if len(others.texts) < _FEWEST:
        return math.nan
    return float(np.median(NearestTexts(_records(others.texts)).distances(_records(texts))[:, 0]))


def _table(texts: Sequence[str], classes: NDArray[np.int64], data: TextData) -> bytes:
    """Write samples beside the texts fitted on that have the likest letters."""
    lines = ["class\tsample\tnearest text that was fitted on"]
    if texts:
        embed = HashedNgrams().embed
        apart = squared_distances(embed(_records(texts)), embed(_records(data.texts)))
        near = [data.texts[place] for place in apart.argmin(1)]
        rows = zip((data.names[place] for place in classes), texts, near, strict=True)
        lines += ["\t".join(" ".join(cell.split()) for cell in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()
