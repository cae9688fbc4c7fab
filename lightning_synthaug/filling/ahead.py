"""Make what the coming epoch needs and the store lacks, in this process, before the epoch begins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.filling.account import Account, Filled
from lightning_synthaug.filling.counts import Counts
from lightning_synthaug.filling.limits import Limits
from lightning_synthaug.filling.made import MAX_ATTEMPTS, Made, Open
from lightning_synthaug.filling.making import Maker
from lightning_synthaug.filling.memory import Memory
from lightning_synthaug.filling.needs import SourceNeeds
from lightning_synthaug.filling.overlap import overlapped
from lightning_synthaug.filling.places import GIVEN_UP, UNKNOWN, Places
from lightning_synthaug.filling.telling import say
from lightning_synthaug.generators import Rejection
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.store import Store

__all__ = ["SourceFiller"]

#: Requests that a waiting process looks for at once and gates judge at once, and those of an epoch that are looked up
#: at once: all of them would take a kilobyte each meanwhile.
_AT_ONCE, _LOOKED_UP = 512, 2048


@final
class SourceFiller:
    """Settle what one source is asked for: find it in the store, or make it.

    Args:
        name: The source's name, for what is said.
        needs: What it is asked for.
        store: The sample store.
        device: Torch device to generate on.
    """

    def __init__(self, name: str, needs: SourceNeeds, store: Store, *, device: str) -> None:
        self.name = name
        self.needs = needs
        self.places = Places()
        self.store = store
        self._device = device
        self.maker = Maker(name, needs, store, device)
        self.memory = Memory(store, needs, self.maker.fingerprint)

    @property
    def reason(self) -> str:
        """Why the last request that was turned down was."""
        return self.maker.reason

    @property
    def counts(self) -> Counts:
        """What was made and turned down since somebody took note of it."""
        return self.maker.counts

    @property
    def batch_size(self) -> int:
        """Requests that are made at once."""
        return self.maker.batch_size

    def look_up(self, identities: Int64Array) -> list[Open]:
        """Settle what the store has; return the rest.

        Args:
            identities: Distinct identities, >= 0.

        Returns:
            The requests that must be made, in the order given.
        """
        unknown = self.memory.recall(self.places.missing(identities), self.places)
        missing: list[Open] = []
        for first in range(0, unknown.size, _LOOKED_UP):
            some = unknown[first : first + _LOOKED_UP].tolist()
            missing += self._settle([self.maker.open(identity) for identity in some])
        return missing

    def watch(self, missing: Sequence[Open]) -> Callable[[], int]:
        """Make a look at what another process is making.

        A look costs little, however much is missing: samples come in the order asked, so the first ones tell.

        Args:
            missing: As `look_up` returned them.

        Returns:
            A function that settles what has come, and counts what has not.
        """
        rest = list(missing)

        def look() -> int:
            nonlocal rest
            while rest:
                still = self._settle(rest[:_AT_ONCE])
                rest = still + rest[_AT_ONCE:]
                if still:
                    break
            return len(rest)

        return look

    def _settle(self, opened: Sequence[Open]) -> list[Open]:
        """Settle what the store has and gates have seen; return the rest in order, each at its next attempt."""
        missing: dict[int, Open] = {}
        given_up: list[int] = []
        order = [o.identity for o in opened]
        while opened:
            keys = [o.key for o in opened]
            said = self.needs.gating.known(self.store, keys)
            places = self.store.resolve(keys)
            good = (places[:, 0] >= 0) & [v is not None and v.accepted for v in said]
            self.places.add(np.array([o.identity for o in opened])[good], places[good])
            retry = []
            for i in np.flatnonzero(~good).tolist():
                o, verdict, attempt = opened[i], said[i], opened[i].request.attempt + 1
                refused = places[i, 0] == GIVEN_UP or (verdict is not None and not verdict.accepted)
                if not refused:
                    missing[o.identity] = o
                elif attempt < MAX_ATTEMPTS:
                    retry.append(self.maker.again(o, attempt))
                else:
                    given_up.append(o.identity)
            opened = retry
        self.places.add(np.array(given_up, np.int64), np.full((len(given_up), 2), GIVEN_UP))
        return [missing[i] for i in order if i in missing]

    def fill(self, missing: Sequence[Open], *, limits: Limits | None = None) -> Filled:
        """Make requests, and store them batch by batch while the next one is made.

        Args:
            missing: As `look_up` returned them.
            limits: How much may be made; None: all of it.

        Returns:
            What was done.

        Raises:
            GeneratorContractBroken: The generator returned something other than asked.
            CacheFull: No room is left; what was stored before stays.
        """
        if not missing:
            return Filled(0, 0, 0.0)
        limits = limits or Limits()
        generator, wanted = self.needs.generator, self.needs.generator.batch_size
        account = Account(self.name, len(missing), self.store, limits, generator.price)
        begun = False
        try:
            with account:
                missing = self.judged(missing, account.add)
                if missing:
                    self.needs.watching.get_ready()
                    room = limits.room(len(missing), price=generator.price)
                    say(f"making {room:,} samples with {self.name!r} on {self._device}")
                    begun = True
                    generator.load(self._device)
                for made in overlapped(self.maker, missing, limits):
                    self.places.add(made.identities, made.places)
                    account.add(made)
                    self.tell()
        finally:
            self.needs.gating.unload()
            self.needs.gating.tell(self.name)
            if begun:  # gates may have found all of it in the store
                generator.unload()
            generator.batch_size = wanted
        return account.filled(self.maker.reason)

    def tell(self) -> None:
        """Tell the user of a collapse, the first time after it was noticed."""
        if (collapse := self.needs.watching.news()) is not None:
            say(collapse.text(self.name))

    def judged(
        self, missing: Sequence[Open], add: Callable[[Made], object] | None = None
    ) -> list[Open]:
        """Have gates judge what is stored and they have not seen: another gate makes nothing again.

        Args:
            missing: As `look_up` returned them.
            add: Called with what became of each batch.

        Returns:
            What must be made.

        Raises:
            GateError: A gate cannot be fitted, or cannot judge.
        """
        if not self.needs.gating or not missing:
            return list(missing)
        self.needs.gating.load(self._device)
        queue, rest = deque(missing), []
        while queue:
            batch = [queue.popleft() for _ in range(min(_AT_ONCE, len(queue)))]
            made = self.maker.judge(batch)
            self.places.add(made.identities, made.places)
            if add is not None:
                add(made)
            as_they_were = {o.key for o in batch}
            rest += [o for o in made.retry if o.key in as_they_were]
            queue.extendleft(o for o in made.retry if o.key not in as_they_were)
        return rest

    def make(self, queue: deque[Open]) -> Made:
        """Make the next batch of a queue with the generator, which is loaded, and store it.

        Args:
            queue: Open requests, what is needed first in front; those to be tried again come back to the front.

        Returns:
            What became of the batch.

        Raises:
            GeneratorContractBroken: The generator returned something other than asked.
            CacheFull: No room is left; what was stored before stays.
        """
        batch = [queue.popleft() for _ in range(min(self.maker.batch_size, len(queue)))]
        try:
            made = self.maker.make(batch)
        except BaseException:
            queue.extendleft(reversed(batch))
            raise
        queue.extendleft(reversed(made.retry))
        self.places.add(made.identities, made.places)
        return made

    def keep(
        self, batch: Sequence[Open], answers: Sequence[Record | Rejection], *, device: str
    ) -> Made:
        """Store what a generator on another machine answered.

        Args:
            batch: Open requests.
            answers: What came back for each.
            device: Torch device there.

        Returns:
            What became of them.

        Raises:
            GeneratorContractBroken: The answers are something other than asked.
            CacheFull: No room is left; what was stored before stays.
        """
        made = self.maker.keep(batch, answers, device=device)
        self.places.add(made.identities, made.places)
        return made

    def provenance(self, identity: int) -> dict[str, Any] | None:
        """Look up what made a sample.

        Args:
            identity: As `SourceNeeds.identities` returns them, >= 0.

        Returns:
            What the store keeps of it, under `gates` what each gate said; None when it has no such sample.
        """
        keys = self.maker.keys(identity)
        for key, verdict in zip(keys, self.needs.gating.known(self.store, keys), strict=True):
            found = self.store.provenance(key)
            if found is not None and (verdict is None or verdict.accepted):
                return found | self.needs.gating.told(self.store, key)
        return None

    def forget(self, identities: Int64Array) -> None:
        """Take damaged samples out of the store, so that they are made again.

        Args:
            identities: Whose samples. Shape `(n,)`.
        """
        distinct = np.unique(identities)
        self.store.forget([key for i in distinct.tolist() for key in self.maker.keys(i)])
        self.places.forget(distinct)

    def keys(self, identities: Int64Array) -> dict[int, bytes]:
        """Name samples as the store does, so that another process can tell that it means the same.

        Args:
            identities: Whose samples. Shape `(n,)`.

        Returns:
            Key of the first attempt by identity.
        """
        return {i: self.maker.open(i).key for i in np.unique(identities).tolist()}

    def forget_told(self, told: Mapping[int, str]) -> None:
        """Forget what other ranks found damaged, as far as it is this source's.

        Args:
            told: Key in hexadecimal by identity; what names nothing here is left alone.
        """
        mine = np.array(sorted(told), np.int64)
        mine = mine[self.places.find(mine)[:, 0] != UNKNOWN]
        same = [i for i, key in self.keys(mine).items() if key.hex() == told[i]]
        if same:
            self.forget(np.array(same, np.int64))
