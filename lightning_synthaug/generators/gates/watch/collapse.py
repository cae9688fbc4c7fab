"""What is told of a collapse."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from lightning_synthaug.errors import GeneratorError

__all__ = ["Collapse", "Statistic"]

Statistic: TypeAlias = Literal["similarity", "coverage", "labels"]

#: What a new sample is new in.
_NEW: Final = {
    "similarity": "unlike those before them",
    "coverage": "near real samples that those before them were not near",
    "labels": "of another label than the one before",
}


class Collapse(NamedTuple):
    """A generator that goes on to make the same.

    Attributes:
        statistic: What is the same: `"similarity"` (the samples), `"coverage"` (the real samples that
            they are near) or `"labels"` (the label that they show).
        label: The label that it is so of; None: all of them.
        fresh: How many of the last samples were new.
        last: How many samples the last ones are.
        usual: Share that was new of the first samples, in [0, 1].
        made: Samples that were made until it was noticed.
    """

    statistic: Statistic
    label: int | None
    fresh: int
    last: int
    usual: float
    made: int

    def text(self, name: str) -> str:
        """Tell people.

        Args:
            name: What the source is called.

        Returns:
            A sentence on what must hold and what is so, what to do, and the code of the page on it.
        """
        label = "" if self.label is None else f" with label {self.label}"
        error = GeneratorError(
            "SA470",
            f"A generator must go on to make samples that differ, got {self.fresh} of the last {self.last} of "
            f"{name!r}{label} {_NEW[self.statistic]}, {self.usual:.0%} in the beginning ({self.statistic}, "
            f"{self.made:,} made so far). Look at what it makes; `on_collapse=` says what a run does then.",
        )
        return str(error)
