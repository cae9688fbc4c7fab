"""Make one batch of requests and store it: the innermost step of filling, wherever it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data import Record
from lightning_synthaug.errors import FillError
from lightning_synthaug.filling.counts import Counts
from lightning_synthaug.filling.made import MAX_ATTEMPTS, Made, Open, Tally
from lightning_synthaug.filling.needs import SourceNeeds
from lightning_synthaug.filling.origin import made_by, particulars
from lightning_synthaug.filling.places import UNKNOWN
from lightning_synthaug.filling.sizing import Sizing
from lightning_synthaug.filling.telling import say
from lightning_synthaug.generators import Rejection, Request, check_batch, out_of_memory
from lightning_synthaug.store import NewSample, Store

__all__ = ["Halved", "Maker"]


class Halved(Exception):  # noqa: N818  # it is handled where it is raised, and no user sees it
    """Memory did not hold a batch; half as many are made at once from now on."""


@final
class Maker:
    """Make what one source is asked for, in batches that fit into memory.

    Args:
        name: The source's name, for what is said.
        needs: What it is asked for.
        store: The sample store.
        device: Torch device that the generator makes it on.
    """

    def __init__(self, name: str, needs: SourceNeeds, store: Store, device: str) -> None:
        self.name = name
        self.needs = needs
        #: Why the last request that was turned down was.
        self.reason = ""
        #: The first request of the batch that the generator was asked for last.
        self.asked: Request | None = None
        #: What was made and turned down since somebody took note of it.
        self.counts = Counts()
        self._store = store
        #: Of the generator, as keys have it: pictures that are written with loss are other samples.
        self.fingerprint = store.codec.identity(needs.generator.fingerprint())
        self._sizing = Sizing(needs.generator, store.folder, device)
        self._device = device
        self._like: Record | None = None
        self._foreign: list[int] = []

    def check_fingerprint(self) -> None:
        """Make sure that the generator is still the one that samples are kept for.

        Raises:
            FillError: Its fingerprint is another one by now (SA525).
        """
        now = self._store.codec.identity(self.needs.generator.fingerprint())
        if now != self.fingerprint:
            raise FillError(
                "SA525",
                f"The fingerprint of {self.name!r} must stay what it was when the run began, {self.fingerprint!r}, got "
                f"{now!r}. Give each run a generator of its own, and change it between runs only.",
            )

    @property
    def batch_size(self) -> int:
        """Requests that are made at once."""
        return self._sizing.size

    def open(self, identity: int) -> Open:
        """Write out a request at its first attempt.

        Args:
            identity: As `SourceNeeds.identities` returns them, >= 0.
        """
        request = self.needs.request(identity)
        return Open(identity, request, request.key(self.fingerprint))

    def again(self, opened: Open, attempt: int) -> Open:
        """Write out another attempt at a request; nothing is read for it, so that any thread may.

        Args:
            opened: The request, at any attempt.
            attempt: Attempts before this one, >= 0.
        """
        request = self.needs.again(opened.request, attempt)
        return Open(opened.identity, request, request.key(self.fingerprint))

    def keys(self, identity: int) -> list[bytes]:
        """Name what any attempt at a request gives.

        Args:
            identity: As `SourceNeeds.identities` returns them, >= 0.
        """
        first = self.open(identity)
        return [self.again(first, attempt).key for attempt in range(MAX_ATTEMPTS)]

    def make(self, batch: Sequence[Open]) -> Made:
        """Make and store one batch; when it returns, a power cut does not lose it.

        Args:
            batch: Open requests, `batch_size` at most.

        Returns:
            What became of them. Where memory ran out, `batch_size` is half of what it was, and all of them are to be
            tried again.

        Raises:
            GeneratorContractBroken: The generator returned something other than asked.
            CacheFull: No room is left; what was stored before stays.
            MemoryError: There is none for a single sample, or torch's own error of that kind.
        """
        try:
            answers = self.generate(batch)
        except Halved:
            tally = Tally(self.again)
            tally.retry(list(batch))
            return tally.made()
        return self.keep(batch, answers)

    def generate(self, batch: Sequence[Open]) -> Sequence[Record | Rejection]:
        """Have the generator answer a batch, and store nothing yet.

        Args:
            batch: Open requests, `batch_size` at most.

        Returns:
            What it answered, not checked.

        Raises:
            Halved: Memory ran out, and `batch_size` is half of what it was.
            MemoryError: There is none for a single sample, or torch's own error of that kind.
        """
        generator, requests = self.needs.generator, [o.request for o in batch]
        self.asked = requests[0]
        generator.batch_size = self._sizing.rows(len(batch))  # generators that pad pad to it
        began = time.perf_counter()
        try:
            answers = generator.generate(requests)
        except Exception as error:
            if not out_of_memory(error) or len(batch) == 1:
                raise
            self._halve()
            raise Halved from error
        self._sizing.took(len(batch), time.perf_counter() - began)
        return answers

    def keep(
        self,
        batch: Sequence[Open],
        answers: Sequence[Record | Rejection],
        *,
        device: str | None = None,
    ) -> Made:
        """Check what a generator answered, here or on another machine, and store it.

        Args:
            batch: Open requests.
            answers: What came back for each.
            device: Torch device of another machine that made them; None: this one's.

        Returns:
            What became of them.

        Raises:
            GeneratorContractBroken: The answers are something other than asked.
            CacheFull: No room is left; what was stored before stays.
        """
        generator, requests = self.needs.generator, [o.request for o in batch]
        results = check_batch(generator, requests, answers, like=self._like)
        common = made_by(self.needs, device or self._device)
        lossy = self._store.codec.quality is not None
        if lossy:
            common["codec"] = str(self._store.codec)
        tally = Tally(self.again)
        opened: list[Open] = []
        samples: list[NewSample] = []
        rejected: dict[tuple[str, int], list[bytes]] = {}
        for o, result in zip(batch, results, strict=True):
            if isinstance(result, Rejection):
                # What UTF-8 cannot hold is replaced: a reason is for reading, and must not end the fill.
                self.reason = result.reason.encode(errors="replace").decode()
                if result.for_now:
                    self.counts.reject(self.reason)
                    tally.put_off(o)
                    continue
                rejected.setdefault((self.reason, o.request.attempt + 1), []).append(o.key)
                tally.refuse(o)
                continue
            if self._like is None:
                self.needs.check(o.identity, result)
                self._like = result
            opened.append(o)
            samples.append(NewSample(o.key, result, {**common, **particulars(self.needs, o)}))
        for (reason, attempts), keys in rejected.items():
            self._store.bury(keys, reason=reason, attempts=attempts)
            self.counts.reject(reason, len(keys))
        if samples:
            made = [sample.record for sample in samples]
            self.needs.watching.see([o.request for o in opened], made)
            self._tell_foreign(made)
            self._store.put(samples)
            if lossy:  # what is served is judged
                made = [self._store.get(s.key) or s.record for s in samples]
            self._judge(tally, opened, made)
        self.counts.answered(len(batch), made=len(samples))
        return tally.made(stored=len(samples), answered=len(batch))

    def judge(self, batch: Sequence[Open]) -> Made:
        """Have gates judge what is stored and they have not seen.

        Args:
            batch: Open requests, stored or not.

        Returns:
            What became of them; those that are not stored are to be tried again.

        Raises:
            GateError: A gate cannot judge.
        """
        tally = Tally(self.again)
        found = [(o, self._store.get(o.key)) for o in batch]
        tally.retry([o for o, record in found if record is None])
        there = [(o, record) for o, record in found if record is not None]
        if there:
            self._judge(tally, [o for o, _ in there], [record for _, record in there])
        return tally.made()

    def _judge(self, tally: Tally, batch: Sequence[Open], records: Sequence[Record]) -> None:
        """Settle what gates accept."""
        keys, requests = [o.key for o in batch], [o.request for o in batch]
        places = self._found(keys).tolist()
        verdicts = self.needs.gating.judge(self._store, keys, requests, records)
        for o, verdict, (shard, row) in zip(batch, verdicts, places, strict=True):
            if verdict.accepted:
                tally.serve(o, shard, row)
            else:
                self.reason = verdict.reason
                self.counts.reject(verdict.reason)
                tally.refuse(o)

    def _tell_foreign(self, made: Sequence[Record]) -> None:
        """Tell, once, of labels that no real sample has, where the generator chooses them."""
        known = self.needs.values
        if self._foreign or self.needs.generator.conditioning != "none" or not known.size:
            return
        labels = {label for record in made if isinstance(label := record.get("label"), int)}
        self._foreign = sorted(labels.difference(known.tolist()))
        if self._foreign:
            say(
                f"{self.name!r} makes samples with the labels {self._foreign}, which no real sample has, and they are "
                "served so. Let it number the classes as the dataset does"
            )

    def _found(self, keys: list[bytes]) -> npt.NDArray[np.int64]:
        """Look up what was just stored."""
        places = self._store.resolve(keys)
        lost = int(np.count_nonzero(places[:, 0] == UNKNOWN))
        if lost:
            raise FillError(
                "SA503",
                f"What was just stored must be found again, got {lost} of {len(keys)} samples missing in "
                f"{self._store.folder}. Run `synthaug doctor --cache {self._store.folder}`; another process may be "
                "deleting the cache.",
            )
        return places

    def _halve(self) -> None:
        """Make half as many at once from now on."""
        self._sizing.halve()
        _empty_cuda_cache()
        say(
            f"{self.name!r} ran out of memory with more than {self.batch_size} samples at once; it makes so many from "
            "now on. A smaller `batch_size=` of the generator spares the attempts"
        )


def _empty_cuda_cache() -> None:
    """Give cached blocks back, or a smaller batch may find no block large enough."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
