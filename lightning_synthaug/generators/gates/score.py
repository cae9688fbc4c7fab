"""Is a sample good enough, by a number that a function or a model gives it?"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.calibration import auto_threshold, check_threshold
from lightning_synthaug.generators.gates.functions import describe_function, find_function
from lightning_synthaug.generators.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.real import RealSamples

__all__ = ["ScoreGate", "Scored"]

#: Real samples that a threshold is chosen by.
_SAMPLES: Final = 500
#: Samples that are scored at once, so that memory stays small.
_AT_ONCE: Final = 64


class Scored(Gate):
    """Accept samples by a score: at least a number, or as good as all but a few real samples.

    A subclass gives the scores. Where `higher_is_better` is false, a sample must not exceed the
    threshold instead.

    Attributes:
        threshold: A number, or `"auto"`.
        share: For `"auto"`: the share of real samples that pass.
        higher_is_better: Whether a good sample has a high score.
    """

    threshold: float | Literal["auto"]
    share: float
    higher_is_better: bool = True

    @property
    def fitted(self) -> bool:  # type: ignore[override]  # a number needs no real samples
        """Whether the threshold is chosen by real samples."""
        return self.threshold == "auto"

    @abstractmethod
    def score(
        self, requests: Sequence[Request], records: Sequence[Record]
    ) -> npt.NDArray[np.float64]:
        """Score samples, each by itself.

        Args:
            requests: What was asked for; of real samples, their labels.
            records: The samples, one or more.

        Returns:
            Shape `(n,)`; NaN where there is no score.
        """

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {
            "threshold": self.threshold,
            "share": self.share,
            "higher_is_better": self.higher_is_better,
        }

    def fit(self, real: RealSamples) -> None:
        """Choose the threshold, for `"auto"`.

        Args:
            real: The real training samples.
        """
        if not self.fitted:
            return
        chosen = real.spread(_SAMPLES)
        labels = [None if real.labels is None else int(real.labels[i]) for i in chosen]
        requests = [Request(label, i) for label, i in zip(labels, chosen, strict=True)]
        loaded = self._device is not None
        if not loaded:
            self.load()
        try:
            scores = [
                self._goodness(requests[start:stop], real.read(chosen[start:stop]))
                for start, stop in _stretches(len(chosen))
            ]
        finally:
            if not loaded:
                self.unload()
        self._least = auto_threshold(np.concatenate([np.empty(0), *scores]), self.share)

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge whether samples are good enough.

        Args:
            requests: What was asked for.
            records: The samples.
        """
        sign, reason = (1, "score too low") if self.higher_is_better else (-1, "score too high")
        least = self._least if self.threshold == "auto" else sign * self.threshold
        goodness = [
            float(g)
            for start, stop in _stretches(len(records))
            for g in self._goodness(requests[start:stop], records[start:stop])
        ]
        return [
            Verdict(False, None, "no score")
            if g == -np.inf
            else Verdict(g >= least, sign * g, "" if g >= least else reason)
            for g in goodness
        ]

    def _goodness(
        self, requests: Sequence[Request], records: Sequence[Record]
    ) -> npt.NDArray[np.float64]:
        """Score samples so that higher is better; minus infinity where there is no score."""
        scores = self.score(requests, records)
        signed = scores if self.higher_is_better else -scores
        return np.where(np.isfinite(signed), signed, -np.inf)

    _least: float = -np.inf


@final
class ScoreGate(Scored):
    """Accept samples by the score that a function gives them.

    Args:
        function: Takes a list of records and returns a number for each; a function with an argument
            `requests` is given what was asked for by that name, too. Or its import path
            `"package.module:name"`. It is looked up by its path in another process.
        threshold: The least score that is accepted (the most, where lower is better), or `"auto"`.
        share: For `"auto"`: the share of real samples that pass.
        higher_is_better: Whether a good sample has a high score.
        name: What reports call the gate, or None for the name of the function.
        identity: What tells the function from others, instead of its path: raise it when the
            function begins to score otherwise.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452), or nothing tells the
            function from others (SA455).
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        function: Callable[..., Any] | str,
        *,
        threshold: float | Literal["auto"] = "auto",
        share: float = 0.97,
        higher_is_better: bool = True,
        name: str | None = None,
        identity: str | None = None,
    ) -> None:
        check_threshold(threshold, share)
        described = describe_function(function, identity)
        self.function = function
        self.threshold = threshold
        self.share = share
        self.higher_is_better = higher_is_better
        self.name = name or described.rpartition(":")[2]
        self.identity = identity

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {**super().settings(), "function": describe_function(self.function, self.identity)}

    def score(
        self, requests: Sequence[Request], records: Sequence[Record]
    ) -> npt.NDArray[np.float64]:
        """Have the function score samples.

        Raises:
            GateError: It does not return one number for each (SA456).
        """
        function = find_function(self.function)
        more = {"requests": list(requests)} if _takes_requests(function) else {}
        given = function(list(records), **more)
        given = given.detach().cpu().numpy() if hasattr(given, "detach") else given
        scores = np.asarray(given)
        if scores.shape != (len(records),) or scores.dtype.kind not in "biuf":
            raise GateError(
                "SA456",
                f"The function of gate {self.name!r} must return one number for each of {len(records)} samples, got "
                f"{type(given).__name__} of shape {scores.shape} and type {scores.dtype}. Correct what it returns.",
            )
        return scores.astype(np.float64)


def _takes_requests(function: Callable[..., Any]) -> bool:
    """Tell whether a function asks for the requests."""
    try:
        return "requests" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions do not say
        return False


def _stretches(count: int) -> list[tuple[int, int]]:
    """Cut a batch into parts."""
    return [(start, start + _AT_ONCE) for start in range(0, count, _AT_ONCE)]
