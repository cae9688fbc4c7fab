"""The one fixed split of the UCI handwritten digits behind the demo and its generator.

Three disjoint parts of scikit-learn's 1,797 digits: `test`, which nothing is fitted or chosen on;
`partner`, which stand for the digits of somebody who shares a generator instead of data;
`train_pool`, from which the demo draws its few real training digits. The set does not say who wrote
a digit, so each writer's digits are, very likely, in all three parts: the parts are other digits,
not other people's. The part of a digit follows
from a hash of its own pixels, so the split is the same in the script that trains the generator and
in the demo, whatever the order of the data.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, final

import numpy as np

from lightning_synthaug.errors import MissingDependency, install_hint

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Digits", "DigitsSplit", "digits_split"]

_TEST_SHARE = 0.4
_PARTNER_SHARE = 0.4
_SALT = b"lightning-synthaug digits split 1"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Some of the digits.

    Attributes:
        images: Pixels, 0 is paper and 255 is full ink. uint8, shape `(n, 8, 8)`.
        labels: The digit written. int64 in [0, 9], shape `(n,)`.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the digits."""
        return len(self.labels)

    def take(self, rows: NDArray[np.int64]) -> Digits:
        """Pick rows, as a new object.

        Args:
            rows: Row numbers in [0, n), in the order wanted.

        Returns:
            The digits of these rows.
        """
        return Digits(self.images[rows], self.labels[rows])


@final
@dataclass(frozen=True, slots=True, eq=False)
class DigitsSplit:
    """The three disjoint parts.

    Attributes:
        train_pool: The demo's real training digits are drawn from here (about 36 a class).
        partner: The generator is fitted, and chosen, on these only (about 72 a class).
        test: Held out from everything (about 71 a class).
    """

    train_pool: Digits
    partner: Digits
    test: Digits


@cache
def digits_split() -> DigitsSplit:
    """Split the digits 40 % test, 40 % partner, 20 % train pool, within each class.

    Inside a class the digits are ranked by a hash of their pixels and cut at fixed shares.

    Returns:
        The parts, each ordered by class and rank.

    Raises:
        MissingDependency: scikit-learn, which carries the digits, is not installed.
    """
    images, labels = _load()
    test: list[int] = []
    partner: list[int] = []
    pool: list[int] = []
    for label in range(10):
        rows = [int(row) for row in np.flatnonzero(labels == label)]
        rows.sort(key=lambda row: _rank(images[row]))
        first = round(_TEST_SHARE * len(rows))
        second = first + round(_PARTNER_SHARE * len(rows))
        test += rows[:first]
        partner += rows[first:second]
        pool += rows[second:]
    whole = Digits(images, labels)
    return DigitsSplit(*(whole.take(np.asarray(part, np.int64)) for part in (pool, partner, test)))


def _rank(image: NDArray[np.uint8]) -> bytes:
    """Hash the pixels of one digit."""
    return hashlib.blake2b(_SALT + image.tobytes(), digest_size=16).digest()


def _load() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Read the digits, 0..16 stretched to 0..255."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        message = (
            "The handwritten digits must come with scikit-learn, got no such module. "
            f"{install_hint('demo')}"
        )
        raise MissingDependency("SA802", message) from error
    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return images, bunch.target.astype(np.int64)
