"""Compile what labels a source is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.balance import LabelStages, uniform_stages
from lightning_synthaug.plan.labels import LabelIndex
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.plan.sources import ShareTable, integer_weights
from lightning_synthaug.plan.stretches import Stretch

__all__ = ["Balance", "SourceSpec", "label_stages"]

Balance = Literal["proportional", "uniform"] | Mapping[int, float]


@final
@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What the plan must know about a synthetic source.

    Args:
        name: Its name; randomness hangs on it, not on its place.
        weight: Integer weight, >= 1.
        pool: Distinct samples kept, >= 1; None: as many as there are real samples. Where labels are asked for it is
            divided evenly among those that can be; each gets at least one.
        reuse: Servings after which a sample is replaced, >= 1; None: never.
        labels: Labels that it can make; None: any.
        items: The labels of its items where they exist already (a synthetic dataset), -1 where unknown: the pool is
            then these items, and nothing is ever replaced. Shape `(items,)`. None: samples are made on request. Under
            `"proportional"` they come in passes, each with its own label, whatever the labels of the real samples.
    """

    name: str
    weight: int = 1
    pool: int | None = None
    reuse: int | None = None
    labels: frozenset[int] | None = None
    items: Int64Array | None = None


def label_stages(
    sources: Sequence[SourceSpec],
    *,
    balance: Balance,
    labels: LabelIndex | None,
    stretches: Sequence[Stretch],
    shares: ShareTable,
) -> list[LabelStages] | None:
    """Compile the label allocation of each source.

    Args:
        sources: The sources.
        balance: `"proportional"`, `"uniform"` or weights by label.
        labels: Labels of the real samples, or None when unknown.
        stretches: The run between its recorded events.
        shares: Who gets which synthetic sample.

    Returns:
        One allocation for each source; None under `"proportional"`, where each sample takes its twin's label.

    Raises:
        ConfigError: The labels are not known, or a source can make none of them.
    """
    if balance == "proportional":
        return None
    if labels is None:
        raise ConfigError(
            "SA112",
            f"`balance={balance!r}` needs the labels of the real samples, got none. Pass `labels=`, one integer for "
            "each sample, or use balance='proportional'.",
        )
    stages = []
    for owner, source in enumerate(sources):
        makeable = _makeable(source, labels.values.tolist())
        if balance == "uniform":
            histogram = labels.counts / labels.counts.sum()
            stages.append(uniform_stages(stretches, histogram, makeable, shares, owner))
        else:
            stages.append(
                LabelStages([0], [_label_weights(balance, labels.values.tolist(), makeable)])
            )
    return stages


def _makeable(source: SourceSpec, values: list[int]) -> npt.NDArray[np.bool_]:
    """Tell which of the labels that occur a source can make."""
    can = source.labels if source.items is None else frozenset(np.unique(source.items).tolist())
    makeable = np.array([can is None or v in can for v in values])
    if not makeable.any():
        raise ConfigError(
            "SA113",
            f"Source {source.name!r} must be able to make a label that occurs, got {sorted(can or ())} for a dataset "
            f"with labels {values}. Map them with `label_map={{user_label: generator_label}}`.",
        )
    return makeable


def _label_weights(
    balance: object, values: list[int], makeable: npt.NDArray[np.bool_]
) -> list[int]:
    """Turn the user's weights by label into integers in the order of the labels that occur."""
    wanted = balance if isinstance(balance, Mapping) else {}
    unknown = [label for label in wanted if label not in values]
    can = [v for v, m in zip(values, makeable, strict=True) if m and v in wanted]
    if unknown or not can:
        raise ConfigError(
            "SA111",
            '`balance` must be "proportional", "uniform" or weights for labels that occur and can be made, got '
            f"{balance!r}. Labels that occur: {values}.",
        )
    named = {v: wanted[v] for v in can}
    whole = dict(zip(can, integer_weights(named, known=can, argument="balance"), strict=True))
    return [whole.get(v, 0) for v in values]
