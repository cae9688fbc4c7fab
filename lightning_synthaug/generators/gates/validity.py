"""What gates of validity have in common: measures, and limits on them that real samples set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.limits import PARTS, Limits, deal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.real import RealSamples
    from lightning_synthaug.generators.request import Request

__all__ = ["Gauge", "Validity"]

Reading = TypeVar("Reading")

#: Real samples without which limits would be a guess.
_FEWEST: Final = 10


class Gauge(ABC, Generic[Reading]):
    """What is measured of a sample, as learnt from real ones.

    Attributes:
        units: The smallest difference of each measure that means something, by the name of the
            fault that too much of it is.
    """

    units: Mapping[str, float]

    @abstractmethod
    def fault(self, reading: Reading) -> str:
        """Say what is wrong with a sample whatever real ones measure, or nothing.

        Args:
            reading: What was read off the sample.
        """

    @abstractmethod
    def measure(self, reading: Reading) -> dict[str, float]:
        """Measure a sample without such a fault.

        Args:
            reading: What was read off the sample.

        Returns:
            Names of `units`, and numbers that are the higher the worse. What cannot be measured is
            left out.
        """


class Validity(Gate, Generic[Reading]):
    """Refuse what is broken, compared with real samples: a sound one passes, whatever it shows.

    What a subclass reads off a sample is small, so that many real samples can be compared.

    Attributes:
        share: Share of held-out real samples that pass.
        most: Real samples that are looked at.
    """

    fitted: ClassVar[bool] = True
    most: ClassVar[int] = 2000
    share: float

    @abstractmethod
    def read(self, record: Record) -> Reading:
        """Read off a sample what is judged by.

        Args:
            record: The sample.

        Raises:
            GateError: It lacks the field that this gate is for (SA450).
        """

    @abstractmethod
    def learn(self, readings: Sequence[Reading]) -> Gauge[Reading]:
        """Learn from real samples what to measure.

        Args:
            readings: What was read off them.
        """

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {"share": self.share}

    def fit(self, real: RealSamples) -> None:
        """Learn limits from real samples.

        Args:
            real: The real training samples.

        Raises:
            GateError: Fewer than 10 are sound (SA454), or one lacks a field (SA450).
        """
        readings = [self.read(r) for i in real.spread(self.most) for r in real.read([i])]
        _insist(len(readings))
        rows = self._held_out(readings)
        _insist(len(rows) - rows.count(None))
        self._gauge = self.learn(readings)
        self._limits = Limits(rows, self._gauge.units, share=self.share)

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge whether samples are sound.

        Args:
            requests: What was asked for; it does not matter here.
            records: The samples.

        Returns:
            Scores say how far a sample stays within the limits of real ones; None for a fault that
            needs no limit.
        """
        del requests
        return [self._judge(self.read(record)) for record in records]

    def _judge(self, reading: Reading) -> Verdict:
        """Judge one sample."""
        fault = self._gauge.fault(reading)
        if fault:
            return Verdict(False, None, fault)
        left, name = self._limits.worst(self._gauge.measure(reading))
        return Verdict(left >= 0, left, name)

    def _held_out(self, readings: Sequence[Reading]) -> list[dict[str, float] | None]:
        """Measure each real sample by what the others show; None for one with a fault."""
        parts = deal(len(readings)).tolist()
        rows: list[dict[str, float] | None] = [None] * len(readings)
        for held_out in range(PARTS):
            gauge = self.learn([r for r, p in zip(readings, parts, strict=True) if p != held_out])
            for place, part in enumerate(parts):
                if part == held_out and not gauge.fault(readings[place]):
                    rows[place] = gauge.measure(readings[place])
        return rows


def _insist(sound: int) -> None:
    """Insist on enough samples to set limits."""
    if sound < _FEWEST:
        raise GateError(
            "SA454",
            f"A gate that compares with real samples needs {_FEWEST} sound ones at least, got {sound}. Leave the gate "
            "out, or give it the whole training set.",
        )
