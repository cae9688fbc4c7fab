"""The one class that everything which judges samples derives from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from lightning_synthaug.generators.gates.part import Part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record
    from lightning_synthaug.data.verdict import Verdict
    from lightning_synthaug.generators.gates.real import RealSamples
    from lightning_synthaug.generators.request import Request

__all__ = ["Gate"]


class Gate(Part, ABC):
    """Judge whether a sample is worth training on, by what was asked for.

    A subclass has a constructor that is free and keeps each argument as an attribute of the same
    name. Its verdict on a sample depends on the sample, its request, the settings and the real
    samples that it was fitted on: on nothing else in the batch, and not on when it is given, but where
    it says that it `remembers`. What a gate says is kept beside the samples under its fingerprint;
    another gate judges what is stored again, and nothing is made again.

    Attributes:
        name: What reports call this gate, or None for the name of its class.
        modality: What kind of samples it judges.
        fitted: Whether `fit` looks at real samples.
        labelled: Whether `fit` needs the labels of these; they are then found out, or asked for.
        remembers: Whether a verdict also depends on samples judged before.

    Example:
        >>> import numpy as np
        >>> from lightning_synthaug.data import Record, Verdict
        >>> from lightning_synthaug.generators.request import Request
        >>> class NotDark(Gate):
        ...     def judge(self, requests, records):
        ...         means = [float(np.mean(r["image"])) for r in records]
        ...         return [Verdict(m > 20, m, "" if m > 20 else "dark") for m in means]
        >>> NotDark().judge([Request(None, 0)], [Record({"image": np.zeros((2, 2), np.uint8)})])
        [Verdict(accepted=False, score=0.0, reason='dark')]
    """

    name: str | None = None
    modality: Modality = "any"
    fitted: ClassVar[bool] = False
    labelled: ClassVar[bool] = False
    remembers: ClassVar[bool] = False

    @abstractmethod
    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge a batch.

        Args:
            requests: What was asked for.
            records: What was made.

        Returns:
            One verdict for each, in order. A reason is a few words without numbers, so that reports
            can count by it.
        """

    def fit(self, real: RealSamples) -> None:
        """Learn from real samples what is to be accepted.

        Args:
            real: The samples that training uses; nothing of validation and test data.
        """
        del real
