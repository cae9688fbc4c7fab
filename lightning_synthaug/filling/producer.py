"""A process that makes samples while another one trains: `python -m lightning_synthaug.filling.producer FD NICE`.

It is told what to make in lines of JSON on standard input, `[source, [identity, ...]]`, what is needed first in front;
`"forget"` what was asked so far; and `"stop"`. It says what it did in lines of JSON, see `Words`. It ends with the
process that started it, however that ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, final

import numpy as np

from lightning_synthaug.errors import CacheFull, FillError, SynthAugError
from lightning_synthaug.filling.ahead import SourceFiller
from lightning_synthaug.filling.inbox import Inbox
from lightning_synthaug.filling.made import Open
from lightning_synthaug.filling.places import UNKNOWN, Places
from lightning_synthaug.filling.spec import Spec
from lightning_synthaug.filling.twinbox import TwinBox
from lightning_synthaug.filling.words import Words
from lightning_synthaug.store import Store

__all__ = ["Work", "main"]

#: Errors in a row after which this process has no hope.
_HOPELESS: Final = 3
#: Seconds between looks at the parent.
_LOOK: Final = 0.5
#: Pauses before a source is asked again for what it put off, and for how long it may do nothing else. Seconds.
_LEAST_PAUSE, _MOST_PAUSE, _PATIENCE = 0.5, 60.0, 1800.0


def main(fd: int, nice: int) -> int:
    """Make what the parent asks for until it says stop.

    Args:
        fd: Descriptor of a `Spec`.
        nice: How much it gives way to other processes, from 0 to 19; above 0, it also uses one thread only.

    Returns:
        Exit status: 0 after a stop, 1 when there was no use in going on.
    """
    words = Words()
    for name in ("SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        # A terminal or a cluster sends these to every process of a job; the parent decides what they mean.
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    boxes: list[TwinBox] = []
    threading.Thread(target=_watch, args=(os.getppid(), boxes), daemon=True).start()
    os.nice(nice)  # before anything large is imported
    try:
        spec = Spec.take_over(fd)
        if nice:
            _one_thread()
        with Store.open(spec.folder, byte_budget=spec.byte_budget, codec=spec.codec) as store:
            inbox = Inbox(len(spec.sources), lambda: words.say(waiting=True))
            boxes += [needs.box for _, needs in spec.sources if needs.box is not None]
            for box in boxes:
                box.waiting = lambda: words.say(waiting=True)
            fillers = [
                SourceFiller(name, needs, store, device=spec.device) for name, needs in spec.sources
            ]
            try:
                return Work(fillers, store, inbox, words, spec.device).run()
            finally:
                if inbox.abandoned:  # this process may be gone before `_watch` looks
                    _remove(boxes)
    except Exception as error:
        # What this package refuses it would refuse again; anything else may be the state of this process.
        words.say(fatal=_text(error), again=not isinstance(error, SynthAugError))
        raise


@final
class Work:
    """The making itself.

    Args:
        fillers: One for each source.
        store: The sample store.
        inbox: What is asked for.
        words: What is answered.
        device: Torch device to generate on.
    """

    def __init__(
        self,
        fillers: list[SourceFiller],
        store: Store,
        inbox: Inbox,
        words: Words,
        device: str,
    ) -> None:
        self._fillers, self._store = fillers, store
        self._inbox, self._words, self._device = inbox, words, device
        self._loaded: set[int] = set()
        # Of sources that put off all they were asked: since when, and how often.
        self._away: dict[int, tuple[float, int]] = {}
        self._failed = self._stored = 0
        self._used = store.used()

    def run(self) -> int:
        """Make batches until the parent says stop."""
        self._words.say(ready=self._device)
        while (asked := self._inbox.take([f.batch_size for f in self._fillers])) is not None:
            number, identities = asked
            while not self._inbox.stopped:
                try:
                    self._settle(number, identities)
                    self._failed = 0
                    break
                except CacheFull as error:
                    self._words.say(full=error.message)
                    return 1
                except Exception as error:
                    if not self._may_go_on(number, error):
                        raise
        return 0

    def _settle(self, number: int, identities: list[int]) -> None:
        """Settle a batch: another run may have made some of it meanwhile."""
        filler = self._fillers[number]
        # Known only for the time of a batch: the parent asks again for what was lost since.
        filler.places = Places()
        queue = deque(filler.judged(filler.look_up(np.array(identities, np.int64))))
        self._tell(number, identities)
        if queue and number not in self._loaded:
            filler.needs.generator.load(self._device)
            self._loaded.add(number)
        put_off: list[Open] = []
        pause = _LEAST_PAUSE
        while queue and not self._inbox.stopped:
            made = filler.make(queue)
            put_off += made.put_off
            self._tell(number, made.identities.tolist())
            if made.idle:
                put_off += queue
                pause = self._pause(number)
                break
            self._away.pop(number, None)
            if (collapse := filler.needs.watching.news()) is not None:
                self._words.say(collapsed=collapse._asdict(), source=number)
        if put_off:
            self._inbox.put_back(number, [o.identity for o in put_off], pause)

    def _pause(self, number: int) -> float:
        """Choose how long a source is left alone that puts off what it is asked: each time twice as long."""
        filler, now = self._fillers[number], time.monotonic()
        since, count = self._away.get(number, (now, 0))
        why = f"{filler.name!r} cannot make samples for now ({filler.reason})"
        if now - since > _PATIENCE:
            raise FillError(
                "SA523",
                f"A source must make samples again within {_PATIENCE / 60:.0f} minutes, got nothing but: {why}. Mend "
                "the cause and resume; what was made is kept.",
            )
        if not count:
            self._words.say(error=why)
        self._away[number] = since, count + 1
        return float(min(_MOST_PAUSE, _LEAST_PAUSE * 2 ** min(count, 9)))

    def _tell(self, number: int, identities: list[int]) -> None:
        """Tell where samples lie, of those that are settled, and what else was counted."""
        asked = np.array(identities, np.int64)
        rows = np.column_stack([asked, self._fillers[number].places.find(asked)])
        rows = rows[rows[:, 1] != UNKNOWN]
        counts = self._fillers[number].counts
        if rows.size or counts.told().asked:
            counted = counts.take()
            self._stored += counted.made
            size = (self._store.used() - self._used) // self._stored if self._stored else 0
            self._words.say(
                settled=Words.text(rows),
                source=number,
                counted=counted,
                size=size,
                batch=self._fillers[number].batch_size,
            )

    def _may_go_on(self, number: int, error: Exception) -> bool:
        """Count a failure, and start the generator anew; some end all hope."""
        self._failed += 1
        if isinstance(error, SynthAugError) or self._failed >= _HOPELESS:
            return False
        self._words.say(error=_text(error))
        if number in self._loaded:
            self._loaded.discard(number)
            self._fillers[number].needs.generator.unload()
        return True


def _text(error: BaseException) -> str:
    """Write an error in one line."""
    return f"{type(error).__name__}: {error}"[:2000]


def _watch(parent: int, boxes: Sequence[TwinBox]) -> None:
    """End with the process that started this one: the system hands orphans to another one."""
    while os.getppid() == parent:
        time.sleep(_LOOK)
    _remove(boxes)
    os._exit(1)


def _remove(boxes: Sequence[TwinBox]) -> None:
    """Remove what the parent cannot remove any more."""
    for box in boxes:
        box.remove()


def _one_thread() -> None:
    """Leave the other cores to training."""
    import torch

    torch.set_num_threads(1)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
