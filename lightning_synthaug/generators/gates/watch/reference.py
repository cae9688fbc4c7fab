"""The real samples as the watch knows them: how far apart they lie, and what lies near each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from lightning_synthaug.generators.gates.kernel import squared_distances

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Group", "Reference"]

#: Samples that a new one is compared with, at most; and real ones that there are for each, at least.
_WINDOW, _REAL_EACH = 16, 4
#: Share of real samples that lie nearer to others than what counts, and which part of that is alike.
_NEAREST, _ALIKE = 0.05, 0.5
#: Real samples of a label from which on they tell by themselves.
_ENOUGH: Final = 8
#: A real sample is covered by what is nearer than so many-th of its like.
_NEIGHBOUR: Final = 3
#: Rounding of squared distances, as a share of the squared lengths.
_ROUNDING: Final = 1e-5

_Distances: TypeAlias = "npt.NDArray[np.float32]"


class Group(NamedTuple):
    """The real samples that generated ones of a label are held against.

    Attributes:
        members: Which ones. Shape `(n,)`.
        window: Generated samples that a new one is compared with, in [1, 16].
        alike: Squared distance up to which two samples are alike, above 0.
        usual: Share of real samples that are unlike a window of others, in [0, 1].
        radii: Squared distance of each to its third neighbour. Shape `(n,)`; `(0,)` where they are few.
    """

    members: npt.NDArray[np.int64]
    window: int
    alike: float
    usual: float
    radii: _Distances


@final
class Reference:
    """What is known of real samples.

    Two samples are alike when they are half as far apart as all but a twentieth of the real ones of
    their label are from the nearest of a window of others.

    Args:
        vectors: Real samples, embedded, one or more. float32, shape `(n, width)`.
        labels: Their labels in the numbering of the generator; None: not known. Shape `(n,)`.
    """

    def __init__(
        self, vectors: npt.NDArray[np.float32], labels: npt.NDArray[np.int64] | None
    ) -> None:
        self.vectors, self.labels = vectors, labels
        self._rounding = _ROUNDING * float(np.square(vectors).sum(axis=1).mean()) + 1e-12
        members: dict[int | None, npt.NDArray[np.int64]] = {None: np.arange(len(vectors))}
        if labels is not None:
            members |= {v: np.nonzero(labels == v)[0] for v in np.unique(labels).tolist()}
        between = {v: squared_distances(vectors[m], vectors[m]) for v, m in members.items()}
        nearest = {v: _nearest(d) for v, d in between.items()}
        within = np.concatenate([n for v, n in nearest.items() if v is not None] or [nearest[None]])
        few = within if within.size else nearest[None]
        self._groups = {
            v: self._group(members[v], between[v], n if n.size >= _ENOUGH or v is None else few)
            for v, n in nearest.items()
        }

    def group(self, label: int | None) -> Group:
        """Return the real samples that generated ones of a label are held against.

        Args:
            label: The label; None: any.

        Returns:
            Those of the label; all of them where there are none.
        """
        return self._groups.get(label) or self._groups[None]

    def _group(
        self, members: npt.NDArray[np.int64], between: _Distances, nearest: _Distances
    ) -> Group:
        """Sum up what is known of a label."""
        tight = float(np.quantile(nearest, _NEAREST)) if nearest.size else 0.0
        alike = max(_ALIKE**2 * tight, self._rounding)
        usual = float(np.mean(nearest > alike)) if nearest.size else 1.0
        radii = between[:0, 0]
        if members.size >= _ENOUGH:
            radii = np.sort(between, axis=1)[:, _NEIGHBOUR]
        return Group(members, _window(members.size), alike, usual, radii)


def _window(count: int) -> int:
    """Choose how many samples a new one is compared with, where there are so many real ones."""
    return max(1, min(_WINDOW, count // _REAL_EACH))


def _nearest(between: _Distances) -> _Distances:
    """Return the squared distance of each real sample to the nearest of a window of others."""
    count = len(between)
    if count < 2:
        return between[:0, 0]
    # Neighbours in the dataset may be alike, as pictures of a film are.
    order = np.random.default_rng(0).permutation(count)
    after = (np.arange(count)[:, None] + np.arange(1, _window(count) + 1)) % count
    nearest: _Distances = between[order[:, None], order[after]].min(axis=1)
    return nearest
