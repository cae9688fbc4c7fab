"""A producer process from the outside: started, asked, listened to without waiting, restarted, given up, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.filling.counts import Counted
from lightning_synthaug.filling.spec import Spec
from lightning_synthaug.filling.telling import say
from lightning_synthaug.filling.words import Words
from lightning_synthaug.generators.gates.watch import Collapse
from lightning_synthaug.plan.seeding import Int64Array

__all__ = ["Producer", "Settled"]

_MODULE: Final = __name__.rpartition(".")[0] + ".producer"
#: How much a producer on the CPU gives way to training.
_NICE: Final = 19
#: Failures without a sample in between, after which a producer is given up.
_FAILURES: Final = 3
#: Seconds before it is started again, times the failures so far.
_BACK_OFF: Final = 1.0
#: Seconds without a word about what was asked, after which it counts as hung: before its first batch, and afterwards
#: at least, for slow generators many times their slowest batch.
_FIRST_WORD, _LEAST_WORD, _TIMES_SLOWEST = 900.0, 60.0, 20.0
#: Seconds that it gets to end by itself.
_GRACE: Final = 4.0
#: Variables that tell a process its place among the ranks of a job: a producer has none.
_OF_RANKS = ("RANK", "LOCAL_", "WORLD_", "GROUP_", "ROLE_", "NODE_RANK", "MASTER_", "TORCHELASTIC_")
_OF_LAUNCHERS = ("OMPI_", "PMI_", "PMIX_", "SLURM_", "HYDRA_", "PL_GLOBAL_SEED")
#: What the pipe that it speaks through shall hold, so that it need not wait for a trainer that validates. Bytes.
_PIPE: Final = 1 << 20
#: What is read from it at once: room for much more would be taken from the system and given back each time. Bytes.
_PART: Final = 1 << 16


class Settled(NamedTuple):
    """What became of requests.

    Attributes:
        source: Place of their source in the `Spec`.
        identities: The requests. Shape `(n,)`.
        places: (shard, row) of each, or GIVEN_UP. Shape `(n, 2)`.
        marks: What `ask` was given with each; None where it was taken back since.
        counted: What was asked of the generator for it, made and turned down.
        size: What a sample takes in the store, on average; 0 while not known. Bytes.
    """

    source: int
    identities: Int64Array
    places: npt.NDArray[np.int64]
    marks: Sequence[Any]
    counted: Counted
    size: int


@final
class Producer:
    """One process that makes samples. Nothing here waits for it, but for `close`.

    Args:
        spec: What it is told at its start.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        #: Why it was given up; None while there is hope.
        self.lost: str | None = None
        self._pid = os.getpid()
        self._asked: list[dict[int, Any]] = [{} for _ in spec.sources]
        self._batches = [needs.generator.batch_size for _, needs in spec.sources]
        self._process: subprocess.Popen[bytes] | None = None
        self._stop: weakref.finalize[..., Producer] | None = None
        self._heard = self._unsent = b""
        #: The place of each source that has collapsed, and how, until somebody takes it.
        self.collapsed: dict[int, Collapse] = {}
        self._failures = 0
        self._slowest = 0.0
        self._since = self._again = 0.0
        self._cause = ""
        self._start()

    @property
    def under_way(self) -> int:
        """Requests that were asked for and are not settled."""
        return sum(map(len, self._asked))

    @property
    def batch_size(self) -> int:
        """Requests that it makes at once, of the source that makes most; some find by trying how many."""
        return max(self._batches)

    def awaits(self, source: int) -> Mapping[int, Any]:
        """Return the identities of a source that are under way, and their marks.

        Args:
            source: Its place in the `Spec`.
        """
        return self._asked[source]

    def ask(self, source: int, marks: Mapping[int, Any]) -> None:
        """Ask for samples, after those asked for before.

        Args:
            source: Place of their source in the `Spec`.
            marks: Requests that are not under way, and what `Settled` shall tell with each.
        """
        if not self.under_way:
            self._since = time.monotonic()
        self._asked[source].update(marks)
        self._send([source, list(marks)])

    def forget(self) -> None:
        """Take back what was asked for; a batch that is being made is told of all the same."""
        for asked in self._asked:
            asked.clear()
        self._send("forget")

    def hear(self) -> list[Settled]:
        """Learn what was made since the last time; start the process anew where it ended or hangs.

        Returns:
            What is settled, oldest first.
        """
        ended = self._process is not None and self._process.poll() is not None
        settled = [word for line in self._lines() if (word := self._understand(line)) is not None]
        if self.lost is None:
            self._look_after(ended)  # what it said before its end is heard by now
        return settled

    def close(self) -> None:
        """End the process: at once where it is idle, with the batch that it makes where that takes seconds."""
        if self._pid == os.getpid() and self._stop is not None:
            self._stop()
        self._process = None

    def _start(self) -> None:
        """Start it; what is still wanted is asked for again."""
        fd = self.spec.hand_over()
        try:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    _MODULE,
                    str(fd),
                    str(_NICE if self.spec.device == "cpu" else 0),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=[fd],
                env=_environment(os.environ.items(), self.spec.device),
            )
        finally:
            os.close(fd)
        assert process.stdin is not None
        assert process.stdout is not None
        for pipe in (process.stdin, process.stdout):
            os.set_blocking(pipe.fileno(), False)
        _widen(process.stdout.fileno())
        self._process = process
        self._stop = weakref.finalize(self, _end, process, os.getpid())
        self._heard = self._unsent = b""
        self._since, self._spoke = time.monotonic(), False
        for source, identities in enumerate(self._asked):
            if identities:
                self._send([source, list(identities)])

    def _send(self, request: object) -> None:
        """Write a line, or as much of it as the pipe takes now."""
        self._unsent += json.dumps(request).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        """Write what is left."""
        if not self._unsent or self._process is None:
            return
        assert self._process.stdin is not None
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # `hear` sees that it ended
            self._unsent = self._unsent[os.write(self._process.stdin.fileno(), self._unsent) :]

    def _lines(self) -> list[bytes]:
        """Read the lines that have come."""
        if self._process is None:
            return []
        self._flush()
        assert self._process.stdout is not None
        with contextlib.suppress(BlockingIOError):
            while part := os.read(self._process.stdout.fileno(), _PART):
                self._heard += part
                if len(part) < _PART:
                    break
        *lines, self._heard = self._heard.split(b"\n")
        return lines

    def _understand(self, line: bytes) -> Settled | None:
        """Act on a word."""
        word: dict[str, Any] = json.loads(line)
        now = time.monotonic()
        if "settled" in word:
            self._slowest, self._since = max(self._slowest, now - self._since), now
            self._failures, self._spoke = 0, True
            source, table = word["source"], Words.rows(word["settled"])
            self._batches[source] = word["batch"]
            marks = [self._asked[source].pop(i, None) for i in table[:, 0].tolist()]
            counted = Counted(*word["counted"])
            return Settled(source, table[:, 0], table[:, 1:], marks, counted, word["size"])
        self._since = now
        if "collapsed" in word:
            self.collapsed[word["source"]] = Collapse(**word["collapsed"])
        elif "error" in word:
            self._warn(f"{word['error']}; it tries again")
        elif "full" in word:
            self._give_up(word["full"])
        elif "fatal" in word:
            self._cause = word["fatal"]
            if not word["again"]:
                self._give_up(self._cause)
        return None

    def _look_after(self, ended: bool) -> None:
        """Notice an end or a hang, and start the process again."""
        now, process = time.monotonic(), self._process
        if process is None:
            if now >= self._again:
                self._start()
            return
        patience = max(_LEAST_WORD, _TIMES_SLOWEST * self._slowest) if self._spoke else _FIRST_WORD
        if ended:
            cause = self._cause or f"it ended with status {process.returncode}"
        elif self.under_way and now - self._since > patience:
            cause = f"it gave no word for {now - self._since:.0f} s"
        else:
            return
        self._cause = ""
        process.kill()
        self.close()
        self._failures += 1
        if self._failures >= _FAILURES:
            self._give_up(f"{cause} ({self._failures} times in a row)")
            return
        self._again = now + _BACK_OFF * self._failures
        self._warn(f"{cause}; it is started again")

    def _give_up(self, cause: str) -> None:
        """Go on without it."""
        self.lost = cause
        for asked in self._asked:
            asked.clear()

    def _warn(self, text: str) -> None:
        """Tell the user."""
        say(f"the producer on {self.spec.device}: {text}")


def _end(process: subprocess.Popen[bytes], pid: int) -> None:
    """Ask a process to end, and make sure that it does. A forked child leaves its parent's alone."""
    if os.getpid() != pid:
        return
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(OSError):
        os.write(process.stdin.fileno(), b'"stop"\n')
    process.stdout.close()  # it may be waiting for somebody to listen
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _widen(fd: int) -> None:
    """Let a pipe hold more, where the system can."""
    import fcntl

    with contextlib.suppress(OSError, AttributeError):  # Linux has it
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE)


def _environment(variables: Iterable[tuple[str, str]], device: str) -> dict[str, str]:
    """Write out the environment of a producer: no rank of any job, and one thread where the trainer needs the cores."""
    kept = {k: v for k, v in variables if not k.startswith((*_OF_RANKS, *_OF_LAUNCHERS))}
    return kept | {"OMP_NUM_THREADS": "1"} if device == "cpu" else kept
