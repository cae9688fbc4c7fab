"""Make what the coming epoch needs and the store lacks, in this process, before the epoch begins."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.errors import FillError
from lightning_synthaug.filling.needs import SourceNeeds
from lightning_synthaug.filling.places import GIVEN_UP, UNKNOWN, Places
from lightning_synthaug.filling.say import FillBar, say
from lightning_synthaug.generators import Rejection, Request, check_batch
from lightning_synthaug.plan.seeding import Int64Array
from lightning_synthaug.store import NewSample, Store

__all__ = ["MAX_ATTEMPTS", "Filled", "SourceFiller"]

#: How often a request is tried before it is given up.
MAX_ATTEMPTS = 3
#: Requests that a waiting process looks for at once.
_AT_ONCE = 512


class Filled(NamedTuple):
    """What filling did.

    Attributes:
        generated: Samples made and stored.
        given_up: Requests of which every attempt was turned down.
        reason: Why the last of them was.
        seconds: Time it took.
    """

    generated: int
    given_up: int
    seconds: float
    reason: str = ""


class _Open(NamedTuple):
    """A request that is not settled: its identity and the attempt to make next."""

    identity: int
    request: Request
    key: bytes


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
        self._store = store
        self._device = device
        self._fingerprint = needs.generator.fingerprint()
        self._like: Record | None = None
        self._reason = ""

    def look_up(self, identities: Int64Array) -> list[_Open]:
        """Settle what the store has; return the rest.

        Args:
            identities: Distinct identities, >= 0.

        Returns:
            The requests that must be made, in the order given.
        """
        unknown = self.places.missing(identities).tolist()
        return self._settle([self._attempt(identity, 0) for identity in unknown])

    def watch(self, missing: Sequence[_Open]) -> Callable[[], int]:
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

    def _settle(self, opened: Sequence[_Open]) -> list[_Open]:
        """Settle what the store has of these; return the rest, each at its next attempt, in the same order."""
        settled: list[int] = []
        places: list[Any] = []
        missing: dict[int, _Open] = {}
        order = [o.identity for o in opened]
        while opened:
            retry = []
            for o, place in zip(opened, self._store.resolve([o.key for o in opened]), strict=True):
                attempt = o.request.attempt + 1
                if place[0] == UNKNOWN:
                    missing[o.identity] = o
                elif place[0] == GIVEN_UP and attempt < MAX_ATTEMPTS:
                    retry.append(self._attempt(o.identity, attempt))
                else:
                    settled.append(o.identity)
                    places.append(place)
            opened = retry
        if settled:
            self.places.add(np.array(settled), np.array(places, np.int64).reshape(-1, 2))
        return [missing[i] for i in order if i in missing]

    def fill(self, missing: Sequence[_Open]) -> Filled:
        """Make requests and store them, batch by batch; each batch is durable before the next one.

        Args:
            missing: As `look_up` returned them.

        Returns:
            What was done.

        Raises:
            GeneratorContractBroken: The generator returned something other than asked.
            CacheFull: No room is left; what was stored before stays.
        """
        if not missing:
            return Filled(0, 0, 0.0)
        began = time.perf_counter()
        generator = self.needs.generator
        size = max(1, generator.batch_size)
        say(f"making {len(missing):,} samples with {self.name!r} on {self._device}")
        generator.load(self._device)
        generated = given_up = 0
        try:
            with FillBar(self.name, len(missing), self._store) as bar:
                queue = deque(missing)
                while queue:
                    batch = [queue.popleft() for _ in range(min(size, len(queue)))]
                    retry, made, failed = self._make(batch, bar)
                    generated, given_up = generated + made, given_up + failed
                    queue.extendleft(reversed(retry))
        finally:
            generator.unload()
        return Filled(generated, given_up, time.perf_counter() - began, self._reason)

    def provenance(self, identity: int) -> dict[str, Any] | None:
        """Look up what made a sample.

        Args:
            identity: As `SourceNeeds.identities` returns them, >= 0.

        Returns:
            What the store keeps of it, or None when it has no such sample.
        """
        for attempt in range(MAX_ATTEMPTS):
            found = self._store.provenance(self._attempt(identity, attempt).key)
            if found is not None:
                return found
        return None

    def forget(self, identities: Int64Array) -> None:
        """Take damaged samples out of the store, so that they are made again.

        Args:
            identities: Whose samples. Shape `(n,)`.
        """
        distinct = np.unique(identities)
        keys = [
            self._attempt(i, attempt).key
            for i in distinct.tolist()
            for attempt in range(MAX_ATTEMPTS)
        ]
        self._store.forget(keys)
        self.places.forget(distinct)

    def keys(self, identities: Int64Array) -> dict[int, bytes]:
        """Name samples as the store does, so that another process can tell that it means the same.

        Args:
            identities: Whose samples. Shape `(n,)`.

        Returns:
            Key of the first attempt by identity.
        """
        return {i: self._attempt(i, 0).key for i in np.unique(identities).tolist()}

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

    def _make(self, batch: list[_Open], bar: FillBar) -> tuple[list[_Open], int, int]:
        """Make and store one batch; return what to try again, and the counts."""
        requests = [o.request for o in batch]
        results = check_batch(
            self.needs.generator, requests, self.needs.generator.generate(requests), like=self._like
        )
        common = self.needs.generator.provenance()
        accepted: list[tuple[_Open, NewSample]] = []
        retry: list[_Open] = []
        hopeless: list[int] = []
        rejected: dict[tuple[str, int], list[bytes]] = {}
        for o, result in zip(batch, results, strict=True):
            if isinstance(result, Rejection):
                attempt = o.request.attempt + 1
                # What UTF-8 cannot hold is replaced: a reason is for reading, and must not end the fill.
                self._reason = result.reason.encode(errors="replace").decode()
                rejected.setdefault((self._reason, attempt), []).append(o.key)
                if attempt < MAX_ATTEMPTS:
                    retry.append(self._attempt(o.identity, attempt))
                else:
                    hopeless.append(o.identity)
                continue
            self._like = self._like or result
            accepted.append((o, NewSample(o.key, result, {**common, **_particulars(o.request)})))
        for (reason, attempts), keys in rejected.items():
            self._store.bury(keys, reason=reason, attempts=attempts)
        if hopeless:
            self.places.add(np.array(hopeless), np.full((len(hopeless), 2), GIVEN_UP))
        if accepted:
            self._store.put([sample for _, sample in accepted])
            places = self._store.resolve([o.key for o, _ in accepted])
            if (places[:, 0] == UNKNOWN).any():
                raise FillError(
                    "SA503",
                    f"What was just stored must be found again, got {int((places[:, 0] == UNKNOWN).sum())} of "
                    f"{len(accepted)} samples missing in {self._store.folder}. Run `synthaug doctor --cache "
                    f"{self._store.folder}`; another process may be deleting the cache.",
                )
            self.places.add(np.array([o.identity for o, _ in accepted]), places)
        bar.advance(len(accepted) + len(hopeless), len(accepted))
        return retry, len(accepted), len(hopeless)

    def _attempt(self, identity: int, attempt: int) -> _Open:
        """Write out one attempt at a request."""
        request = self.needs.request(identity, attempt)
        return _Open(identity, request, request.key(self._fingerprint))


def _particulars(request: Request) -> dict[str, Any]:
    """List what is particular to one sample, for its provenance."""
    own: dict[str, Any] = {"label": request.label, "number": request.number, "seed": request.seed}
    if request.twin is not None:
        own |= {"twin": request.twin.digest().hex(), "version": request.version}
    if request.attempt:
        own["attempt"] = request.attempt
    return own
