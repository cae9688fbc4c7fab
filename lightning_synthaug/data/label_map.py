"""Translate between the labels of the user's dataset and those a generator was trained with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.errors import DataError

__all__ = ["LabelMap"]


@final
class LabelMap:
    """Map user labels to generator labels, written `{user_label: generator_label}`.

    Read it as "my class 7 is the generator's class 3": `{7: 3}`. Classes that are not named have no
    counterpart; the generator is never asked for them. Without a mapping, both sides use the same
    labels.

    Args:
        mapping: Generator label for each user label, one to one. None: labels agree.

    Raises:
        DataError: A label is no whole number, a generator label is negative, or stands twice
            (SA209).

    Example:
        >>> labels = LabelMap({7: 3, 8: 0})
        >>> labels.to_generator([7, 8, 9]).tolist()
        [3, 0, -1]
        >>> labels.to_user([0, 3, 5], missing=-100).tolist()
        [8, 7, -100]
    """

    def __init__(self, mapping: Mapping[int, int] | None = None) -> None:
        self.mapping = (
            None if mapping is None else {_whole(u): _whole(g) for u, g in mapping.items()}
        )
        if self.mapping is None:
            return
        targets = list(self.mapping.values())
        if min(targets, default=0) < 0 or len(set(targets)) < len(targets):
            msg = (
                "`label_map` must give each user label a generator label of its own, >= 0, got "
                f"{self.mapping!r}. Write {{user_label: generator_label}}, each generator label "
                "once."
            )
            raise DataError("SA209", msg)

    def __repr__(self) -> str:
        return f"LabelMap({self.mapping!r})"

    def to_generator(self, labels: npt.ArrayLike, *, missing: int = -1) -> npt.NDArray[np.int64]:
        """Translate the user's labels.

        Args:
            labels: User labels, any shape.
            missing: What stands for a label without counterpart.

        Returns:
            Generator labels, same shape.
        """
        return _translate(self.mapping, labels, missing)

    def to_user(self, labels: npt.ArrayLike, *, missing: int = -1) -> npt.NDArray[np.int64]:
        """Translate a generator's labels.

        Args:
            labels: Generator labels, any shape.
            missing: What stands for a label without counterpart. Choose another number when -1 is a
                label of yours.

        Returns:
            User labels, same shape.
        """
        inverse = None if self.mapping is None else {g: u for u, g in self.mapping.items()}
        return _translate(inverse, labels, missing)

    def generator_label(self, label: int) -> int | None:
        """Translate one user label.

        Args:
            label: User label.

        Returns:
            The generator's label; None without counterpart.
        """
        return int(label) if self.mapping is None else self.mapping.get(int(label))

    def user_label(self, label: int) -> int | None:
        """Translate one generator label.

        Args:
            label: Generator label.

        Returns:
            The user's label; None without counterpart.
        """
        if self.mapping is None:
            return int(label)
        return next((user for user, generator in self.mapping.items() if generator == label), None)


def _whole(label: object) -> int:
    """Check one label."""
    if isinstance(label, int | np.integer) and not isinstance(label, bool):
        return int(label)
    msg = (
        f"Labels in `label_map` must be whole numbers, got {label!r}. Write {{user_label: "
        f"generator_label}}."
    )
    raise DataError("SA209", msg)


def _translate(
    mapping: Mapping[int, int] | None, labels: npt.ArrayLike, missing: int
) -> npt.NDArray[np.int64]:
    """Look labels up in a mapping, vectorised."""
    given = np.asarray(labels).astype(np.int64)
    if mapping is None:
        return given
    if not mapping:
        return np.full_like(given, missing)
    keys = np.array(sorted(mapping), np.int64)
    values = np.array([mapping[key] for key in keys.tolist()], np.int64)
    places = np.minimum(np.searchsorted(keys, given), len(keys) - 1)
    return np.where(keys[places] == given, values[places], missing)
