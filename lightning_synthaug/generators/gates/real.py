"""The real samples that gates are fitted on, read when they are needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final, overload

import numpy as np
from tqdm import tqdm

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators.digest import canonical_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

__all__ = ["RealSamples", "in_parts"]

#: Samples whose content is part of the fingerprint.
_LOOKED_AT: Final = 64
#: Samples that are in memory at once where all are read, and how many have to be read for a bar.
_AT_ONCE, _MANY = 256, 2048


@final
class RealSamples(Sequence[Record]):
    """Real training samples, with labels in the numbering of the generator.

    Args:
        size: How many there are.
        read: Reads the one at an index.
        labels: Label of each, or None where there are none. Shape `(size,)`.
        origin: What is known of the dataset without reading it.
    """

    def __init__(
        self,
        size: int,
        read: Callable[[int], Record],
        *,
        labels: npt.NDArray[np.int64] | None = None,
        origin: str = "",
    ) -> None:
        self.size = size
        self.labels = labels
        self._read = read
        self._origin = origin

    @classmethod
    def of(cls, records: Sequence[Record]) -> RealSamples:
        """Take records that are in memory; their labels are in the field `label`.

        Args:
            records: The records, with a label each or none at all.
        """
        given = [r["label"] for r in records if "label" in r]
        labels = np.array(given, np.int64) if len(given) == len(records) else None
        return cls(len(records), records.__getitem__, labels=labels)

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return self.read(range(self.size)[index])
        return self._read(range(self.size)[index])

    def read(self, indices: Sequence[int]) -> list[Record]:
        """Read samples.

        Args:
            indices: Which ones.

        Returns:
            Their records, in order.
        """
        return [self._read(int(i)) for i in indices]

    def spread(self, most: int) -> list[int]:
        """Choose samples, the same ones each time: of each label about as many, evenly spaced.

        Args:
            most: How many at most, >= 1.

        Returns:
            Ascending indices; all of them where there are no more.
        """
        if self.size <= most:
            return list(range(self.size))
        if self.labels is None:
            return _even(np.arange(self.size), most)
        groups = [np.nonzero(self.labels == value)[0] for value in np.unique(self.labels)]
        chosen: list[int] = []
        # The smallest groups first: what they leave of their share goes to the others.
        for place, group in enumerate(sorted(groups, key=len)):
            chosen += _even(group, (most - len(chosen)) // (len(groups) - place))
        return sorted(chosen)

    def fingerprint(self) -> str:
        """Identify the samples by their number, their labels, and the content of some where that stays the same.

        Returns:
            32 hexadecimal digits.
        """
        looked_at, again = (
            [r.digest().hex() for r in self.read(self.spread(_LOOKED_AT))] for _ in range(2)
        )
        if looked_at != again:
            # Augmented at random while they are read: what is seen now nobody will see again.
            looked_at = []
        labels = None if self.labels is None else self.labels.astype("<i8").tobytes().hex()
        content = {"size": self.size, "labels": labels, "some": looked_at, "origin": self._origin}
        return canonical_digest(content)


def in_parts(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Go through samples, few of them in memory at a time, with a bar where there are many.

    Args:
        records: The samples.

    Yields:
        The next ones.
    """
    starts = range(0, len(records), _AT_ONCE)
    hidden = True if len(records) < _MANY else None  # None: where nobody looks
    with tqdm(total=len(records), desc="Reading samples", disable=hidden, file=sys.stderr) as bar:
        for start in starts:
            part = records[start : start + _AT_ONCE]
            yield part
            bar.update(len(part))


def _even(group: npt.NDArray[np.int64], count: int) -> list[int]:
    """Choose evenly spaced members of a group."""
    if group.size <= count:
        return [int(i) for i in group]
    return [int(group[(2 * i + 1) * group.size // (2 * count)]) for i in range(count)]
