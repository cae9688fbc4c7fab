"""Have what a source makes looked at for a collapse; whatever goes wrong with that, making goes on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

from lightning_synthaug.data import Record
from lightning_synthaug.filling.telling import say
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates.watch import Collapse, CollapseWatch

__all__ = ["Watching"]


@final
class Watching:
    """The watch over one source, wherever its samples are made.

    Args:
        watch: Makes the watch, when the first sample is there; None: nothing is watched.
        stops: Whether a collapse ends the making.

    Attributes:
        stops: The same.
        collapse: The collapse that was noticed, here or by whoever made the samples.
    """

    def __init__(
        self, watch: Callable[[], CollapseWatch] | None = None, *, stops: bool = False
    ) -> None:
        self.stops = stops
        self.collapse: Collapse | None = None
        self._make = watch
        self._watch: CollapseWatch | None = None
        self._news = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave the real samples behind: what is known of them goes to another process."""
        self.get_ready()
        return {**self.__dict__, "_make": None}

    def get_ready(self) -> None:
        """Read real samples, the first time."""
        make, self._make = self._make, None
        if make is not None:
            with self._harmless():
                self._watch = make()

    @property
    def halted(self) -> bool:
        """Whether nothing more is to be made."""
        return self.stops and self.collapse is not None

    def see(self, requests: Sequence[Request], records: Sequence[Record]) -> None:
        """Look at samples that were made; where that cannot be done it is told once, and done no more.

        Args:
            requests: What was asked for.
            records: The samples.
        """
        self.get_ready()
        with self._harmless():
            found = None if self._watch is None else self._watch.see(requests, records)
            if found is not None:
                self.hear(found)

    def hear(self, collapse: Collapse) -> None:
        """Take note of a collapse; of the first one only.

        Args:
            collapse: What was noticed.
        """
        if self.collapse is None:
            self.collapse, self._news = collapse, True

    def news(self) -> Collapse | None:
        """Return a collapse that was not told of yet; None where there is none."""
        news, self._news = self._news, False
        return self.collapse if news else None

    @contextlib.contextmanager
    def _harmless(self) -> Iterator[None]:
        """Go on without the watch where it fails: an embedding may be the user's own, and samples are good without."""
        try:
            yield
        except Exception as error:
            self._watch = None
            say(f"samples are not watched for a collapse: {type(error).__name__}: {error}")
