"""A classifier for few examples: kernel ridge regression, solved in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["KernelClassifier", "squared_distances"]

#: Width of the kernel, as a share of the median squared distance.
_WIDTH: Final = 1.0
_RIDGE: Final = 0.1
#: Makes probabilities of scores that lie between -1 and 1.
_SHARPNESS: Final = 8.0
#: Examples whose distances are looked at for the median.
_LOOKED_AT: Final = 500


@final
class KernelClassifier:
    """Least squares on a Gaussian kernel, one class against all others.

    After Rifkin, Yeo & Poggio, "Regularized least-squares classification" (2003).

    Args:
        examples: Vectors. float32, shape `(n, width)`.
        classes: Class of each, from 0. Shape `(n,)`.
        count: Classes.
    """

    def __init__(
        self, examples: npt.NDArray[np.float32], classes: npt.NDArray[np.int64], count: int
    ) -> None:
        self._examples = examples
        some = examples[:: max(1, len(examples) // _LOOKED_AT)]
        median = float(np.median(squared_distances(some, some)))
        self._scale = _WIDTH / max(median, 1e-12)
        kernel = self._kernel(examples).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += _RIDGE
        self._targets = np.where(classes[:, None] == np.arange(count), 1.0, -1.0)
        self._inverse = np.linalg.inv(kernel)
        self._weights = self._inverse @ self._targets

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what is only needed for `held_out`."""
        return {**self.__dict__, "_inverse": None, "_targets": None}

    def held_out(self, groups: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Say what the classifier would tell of the first example of each group, had it not seen that group.

        In closed form, without fitting anew (Rifkin & Lippert, "Notes on regularized least squares", 2007).

        Args:
            groups: Group of each example, from 0. Shape `(n,)`.

        Returns:
            Probabilities. Shape `(groups, count)`.
        """
        order = np.argsort(groups, kind="stable")
        scores = []
        for members in np.split(order, np.nonzero(np.diff(groups[order]))[0] + 1):
            block = self._inverse[np.ix_(members, members)]
            errors = np.linalg.solve(block, self._weights[members])
            scores.append((self._targets[members] - errors)[0])
        return _probabilities(np.array(scores))

    def probabilities(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Say how probable each class is.

        Args:
            vectors: float32, shape `(m, width)`.

        Returns:
            Shape `(m, count)`; each row sums up to 1.
        """
        return _probabilities(self._kernel(vectors) @ self._weights)

    def _kernel(self, vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Compare vectors with the examples."""
        kernel: npt.NDArray[np.float32] = np.exp(
            -self._scale * squared_distances(vectors, self._examples)
        )
        return kernel


def _probabilities(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Turn scores between about -1 and 1 into probabilities."""
    odds = np.exp(_SHARPNESS * (scores - scores.max(axis=1, keepdims=True)))
    probabilities: npt.NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
    return probabilities


def squared_distances(
    one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Measure squared Euclidean distances.

    Args:
        one: Shape `(n, width)`.
        other: Shape `(m, width)`.

    Returns:
        Shape `(n, m)`, none below 0.
    """
    lengths = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1)
    distances: npt.NDArray[np.float32] = np.maximum(lengths - 2 * one @ other.T, 0)
    return distances
