"""From planned slots to requests: what a source is asked for, each under one integer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from lightning_synthaug.data import DatasetAdapter, LabelMap, Record
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.filling.gating import Gating
from lightning_synthaug.filling.identity import join, split
from lightning_synthaug.filling.twinbox import TwinBox
from lightning_synthaug.filling.watching import Watching
from lightning_synthaug.generators import Generator, Request, checked_count, request_seed
from lightning_synthaug.plan import AnyPlan, Plan, PlannedSlots
from lightning_synthaug.plan.seeding import Int64Array, groups_of

__all__ = ["Check", "SourceNeeds", "wanted_of"]

#: Synthetic slots that are planned at once.
_CHUNK = 1 << 14

#: Refuses a sample that cannot stand among the user's: number of the source, sample with the user's label, its twin.
Check = Callable[[int, Record, int | None], None]


@final
class SourceNeeds:
    """What one generator is asked for, independent of the run that asks.

    Each request has an identity, one integer: (place of the label, serial number) for class-conditional and
    unconditional generators, (twin, version) for twin-conditioned ones.

    Args:
        number: The source's number in planned slots, from 1.
        generator: The generator.
        values: The user's labels, ascending; empty when unknown.
        label_map: From the user's labels to the generator's.
        generation_seed: Seed of what is generated.
        twins: Reads the real samples that condition; needed by twin-conditioned generators.
        gating: What its samples must pass; None: nothing.
        watching: The watch over what it makes; None: there is none.
        check: Holds the first sample that is made against real ones; None: nobody does here.
    """

    def __init__(
        self,
        number: int,
        generator: Generator,
        *,
        values: Int64Array,
        label_map: LabelMap,
        generation_seed: int,
        twins: DatasetAdapter | TwinBox,
        gating: Gating | None = None,
        watching: Watching | None = None,
        check: Check | None = None,
    ) -> None:
        self.number = number
        self.generator = generator
        self.values = values
        self.label_map = label_map
        self.generation_seed = generation_seed
        self.gating = Gating() if gating is None else gating
        self.watching = Watching() if watching is None else watching
        self._twins = twins
        self._check = check
        self._counts = self._finite()
        if generator.conditioning == "class" and not values.size:
            raise ConfigError(
                "SA112",
                f"A class-conditional generator needs the labels of the real samples, got none for {generator!r}. "
                "Pass `labels=`, one integer for each sample.",
            )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the dataset behind where no generator is conditioned on it: another process need not get it."""
        twins = self._twins if self.generator.conditioning == "twin" else None
        return {**self.__dict__, "_twins": twins, "_check": None}

    @property
    def box(self) -> TwinBox | None:
        """Where the real samples that condition come from, if not from the dataset."""
        return self._twins if isinstance(self._twins, TwinBox) else None

    def reading(self, twins: TwinBox) -> SourceNeeds:
        """Return the same, with the real samples that condition read from elsewhere.

        Args:
            twins: Where from.
        """
        other = copy.copy(self)
        other._twins = twins
        return other

    def identities(self, slots: PlannedSlots) -> Int64Array:
        """Return the identity of what each of this source's slots asks for.

        Args:
            slots: Planned slots of this source only.

        Returns:
            Identities, shape `(n,)`; -1 where the source cannot make the label.
        """
        if self.generator.conditioning == "twin":
            identity = join(slots.twin, slots.version)
        elif self.values.size:
            place = np.searchsorted(self.values, slots.label)
            identity = join(place, self._numbers(slots, place))
        else:
            identity = self._numbers(slots, 0).copy()
        identity[slots.index < 0] = -1
        return identity

    def _numbers(self, slots: PlannedSlots, place: Int64Array | int) -> Int64Array:
        """Number the samples asked for; where there are only so many of a label, the numbers begin again."""
        if self._counts is None:
            return slots.index
        return np.where(slots.index < 0, -1, slots.index % self._counts[place])

    def _finite(self) -> Int64Array | None:
        """Ask how many distinct samples there are of each label; None where there is no end to them."""
        labels: list[int | None] = [None]
        if self.generator.conditioning == "class" and self.values.size:
            labels = [self.label_map.generator_label(v) for v in self.values.tolist()]
        counts = [checked_count(self.generator, label) for label in labels]
        if None in counts:
            return None
        each = np.array([max(1, count or 1) for count in counts], np.int64)
        return each if each.size == max(1, self.values.size) else np.repeat(each, self.values.size)

    def distinct(self, plan: AnyPlan) -> int | None:
        """Count what the source can ever be asked for.

        Args:
            plan: The plan.

        Returns:
            An upper bound; None where samples are replaced without end.
        """
        planned = plan.distinct(self.number - 1)
        if planned is None or self._counts is None:
            return planned
        return min(planned, int(self._counts.sum()))

    def every(self, plan: Plan) -> Int64Array:
        """List the distinct identities that the source can ever be asked for, where `distinct` counts them."""
        asked, counts = plan.distinct(self.number - 1) or 0, self._counts
        if self.generator.conditioning == "twin" or counts is None or asked <= counts.sum():
            identities = self.identities(plan.everything(self.number - 1))
            ordered = np.sort(identities[identities >= 0])
            return np.asarray(ordered[np.diff(ordered, prepend=-1) != 0], np.int64)
        # More than there is: all of it.
        number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return join(np.repeat(np.arange(counts.size), counts), number)

    def of_range(self, plan: AnyPlan, start: int, stop: int) -> Int64Array:
        """Collect what a range of slots asks for, in the order of first use.

        Args:
            plan: The plan.
            start: First global slot.
            stop: Slot after the last.

        Returns:
            Distinct identities, first needed first.
        """
        return wanted_of([self], plan, start, stop)[0]

    def twin_index(self, identity: int) -> int | None:
        """Return the index in the dataset of the real sample that conditions a request.

        Args:
            identity: As `identities` returns them, >= 0.

        Returns:
            The index; None where none conditions it, or one of a stream does, whose number means another one later.
        """
        passing = getattr(getattr(self._twins, "dataset", None), "passing", False)
        return None if passing or self.generator.conditioning != "twin" else split(identity)[0]

    def check(self, identity: int, record: Record) -> None:
        """Hold a sample against real ones, as it will be served.

        Args:
            identity: What it was made for.
            record: The sample.

        Raises:
            DataError: It cannot stand among the items of the user's dataset.
        """
        if self._check is None:
            return
        if self.generator.conditioning == "class" and isinstance(record.get("label"), int):
            record = record.replace(label=int(self.values[split(identity)[0]]))
        self._check(self.number, record, self.twin_index(identity))

    def request(self, identity: int) -> Request:
        """Write out the request behind an identity, at its first attempt.

        Args:
            identity: As `identities` returns them, >= 0.

        Returns:
            The request; the twin is read from the dataset where the generator is conditioned on it.
        """
        high, low = split(identity)
        if self.generator.conditioning == "twin":
            return self._request(None, 0, version=low, twin=self._twins.record(high))
        label = self.label_map.generator_label(int(self.values[high])) if self.values.size else None
        number = low
        if self.generator.conditioning == "none":
            # It has no say in the label, so its samples are numbered through over all labels.
            label, number = None, low * max(1, self.values.size) + high
        return self._request(label, number)

    def again(self, request: Request, attempt: int) -> Request:
        """Write out another attempt at a request; its twin is not read again.

        Args:
            request: The request, at any attempt.
            attempt: Attempts before this one, >= 0.
        """
        return self._request(
            request.label, request.number, attempt, version=request.version, twin=request.twin
        )

    def _request(
        self,
        label: int | None,
        number: int,
        attempt: int = 0,
        *,
        version: int = 0,
        twin: Record | None = None,
    ) -> Request:
        """Write out a request with its seed, once: millions may be looked up before an epoch begins."""
        seed = request_seed(
            self.generation_seed,
            label=label,
            number=number,
            attempt=attempt,
            twin_digest=None if twin is None else twin.digest(),
            version=version,
        )
        return Request(label, number, version, attempt, seed, twin)


def wanted_of(
    needs: Sequence[SourceNeeds], plan: AnyPlan, start: int, stop: int
) -> list[Int64Array]:
    """Collect what a range of slots asks several sources for, planning it once.

    Args:
        needs: The sources.
        plan: The plan.
        start: First global slot.
        stop: Slot after the last.

    Returns:
        For each source distinct identities, first needed first.
    """
    found = [np.empty(0, np.int64) for _ in needs]
    places = {source.number: place for place, source in enumerate(needs)}
    most = [source.distinct(plan) for source in needs]
    first, last = plan.knots.count(start), plan.knots.count(stop)
    # As many as may be enough, then more each time: what is known already is sorted in again.
    room = _CHUNK if None in most else min(_CHUNK, sum(bound or 0 for bound in most))
    while first < last:
        fresh: list[list[Int64Array]] = [[] for _ in needs]
        end = min(last, first + room)
        for begin in range(first, end, _CHUNK):
            slots = plan.synthetic(begin, min(end, begin + _CHUNK))
            order, groups = groups_of(slots.source)
            slots = slots.where(order)
            for number, part in groups:
                if number in places:
                    mine = needs[places[number]].identities(slots.where(part))
                    fresh[places[number]].append(mine[mine >= 0])
        # The range may be a thousand times what is distinct in it: keep no more, and stop when all is found.
        found = [
            _distinct(np.concatenate([known, *each]))
            for known, each in zip(found, fresh, strict=True)
        ]
        if all(known.size == bound for known, bound in zip(found, most, strict=True)):
            break
        first, room = end, max(min(_CHUNK, 2 * room), sum(known.size for known in found))
    return found


def _distinct(identities: Int64Array) -> Int64Array:
    """Keep the first of each, in their order; where all differ already, which is usual, no more than a copy is made."""
    ordered = np.sort(identities)
    if (ordered[1:] != ordered[:-1]).all():
        return identities
    _, first = np.unique(identities, return_index=True)
    return identities[np.sort(first)]
