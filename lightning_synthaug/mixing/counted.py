"""A mixed loader for plain loops: it counts its own batches, and has a state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, final

from lightning_synthaug.errors import TrainerError
from lightning_synthaug.mixing.batchfeed import BatchFeed
from lightning_synthaug.mixing.feed import Feed
from lightning_synthaug.mixing.loader import MixedLoader
from lightning_synthaug.mixing.progress import CountedProgress
from lightning_synthaug.mixing.ranks import Ranks

__all__ = ["CountedLoader"]


@final
class CountedLoader(MixedLoader):
    """A mixed loader that counts its own batches, where no framework does.

    Only this one has a state: Lightning saves the state of any loader that has one, and refuses to resume without it.
    """

    #: Who this process was when the loader was mixed.
    ranks: Ranks

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Iterate over one pass; nothing happens before the first batch is asked for."""
        self.ranks.check()
        yield from super().__iter__()

    @property
    def _is_accelerate_prepared(self) -> bool:
        """Be asked by `accelerator.prepare`, which would make another loader of this one's parts.

        Raises:
            TrainerError: Always (SA631).
        """
        raise TrainerError(
            "SA631",
            "accelerate must prepare the loader before it is mixed, got a mixed loader to prepare. Call "
            "`sa.mix(accelerator.prepare(loader), ...)`.",
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the position in the run, of plain types."""
        feed, progress = self.feed, self._counted()
        feed.flush()
        state = progress.state_dict()
        if isinstance(feed, BatchFeed):
            # A pass that a loop has left is over; one that is being read goes on after a resume.
            state |= {"within": feed.reading or progress.resumed}
        # Where a batch begins follows from its number alone, unless something happened to the run.
        if isinstance(feed, BatchFeed) or (isinstance(feed, Feed) and feed.course.changed):
            state |= feed.state()
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a position.

        Args:
            state: What `state_dict` returned.
        """
        self._counted().load_state_dict(state)
        feed, own = self.feed, {k: v for k, v in state.items() if k not in ("batches", "within")}
        if isinstance(feed, BatchFeed) or (isinstance(feed, Feed) and "history" in own):
            feed.course.restore(own)

    def _counted(self) -> CountedProgress:
        """Return the counter."""
        progress: CountedProgress = self.feed.progress  # type: ignore[assignment]
        return progress
