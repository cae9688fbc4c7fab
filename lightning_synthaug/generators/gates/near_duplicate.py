"""Is a sample a copy of a real one?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np

from lightning_synthaug.data import adapt, fingerprint
from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.calibration import auto_threshold, check_threshold
from lightning_synthaug.generators.gates.comparing import nearest_to
from lightning_synthaug.generators.gates.real import RealSamples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings import Embedding
    from lightning_synthaug.generators.gates.nearest import Nearest
    from lightning_synthaug.generators.request import Request

__all__ = ["NearDuplicate"]

#: Real samples that the threshold is chosen by.
_CALIBRATED_BY: Final = 2000
#: A distance below this, as a share of the median between real neighbours, is a copy whatever else is near.
_COPY: Final = 0.02


@final
class NearDuplicate(Gate):
    """Refuse samples that copy a training sample, or one of the data that training must not see.

    A generator that has memorised its training data brings nothing new, and leaks it; one that was
    trained on the user's test data brings answers. The score is the distance to the nearest real
    sample over that to the second nearest (Lowe, "Distinctive image features from scale-invariant
    keypoints", 2004): near 1 for what is merely of the same kind, near 0 for a copy. With
    `threshold="auto"` all but a few real samples pass, each held against the others.

    Images are compared at all small shifts and turns, see `AlignedImages`; other samples by their embeddings.

    Args:
        threshold: Ratio of distances below which a sample is refused, in [0, 1], or `"auto"`.
        share: For `"auto"`: the share of real samples that pass.
        against: Datasets by name that must not be copied either, such as validation and test data.
        embedding: What distances are measured on; by default images are aligned, and others get the
            one of their modality.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452).
    """

    name = "near_duplicate"
    version: ClassVar[int] = 1
    fitted: ClassVar[bool] = True

    def __init__(
        self,
        threshold: float | Literal["auto"] = "auto",
        *,
        share: float = 0.995,
        against: Mapping[str, Any] | None = None,
        embedding: Embedding | None = None,
    ) -> None:
        check_threshold(threshold, share)
        self.threshold = threshold
        self.share = share
        self.against = against
        self.embedding = embedding

    def __getstate__(self) -> dict[str, Any]:
        """Leave datasets behind: what is compared with them was read when the gate was fitted."""
        return {**self.__dict__, "against": None, "_settings": self.settings()}

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        kept: dict[str, Any] | None = self.__dict__.get("_settings")
        if kept is not None:
            return kept
        return {
            "threshold": self.threshold,
            "share": self.share,
            "against": {name: fingerprint(data) for name, data in (self.against or {}).items()},
            "embedding": None if self.embedding is None else self.embedding.fingerprint(),
        }

    def fit(self, real: RealSamples) -> None:
        """Read the samples that must not be copied, and choose the threshold.

        Args:
            real: Real training samples.

        Raises:
            GateError: There are fewer than three of a set (SA447).
        """
        self._sets = {"a training sample": self._nearest("training", real)}
        for name, dataset in (self.against or {}).items():
            others = RealSamples(len(dataset), adapt(dataset).record)
            self._sets[f"a sample of {name}"] = self._nearest(name, others)
        chosen = real.spread(_CALIBRATED_BY)
        measured = self._sets["a training sample"].distances(real.read(chosen), chosen)
        self._copy = _COPY * float(np.median(measured[:, 0]))
        self._least = (
            auto_threshold(_ratios(measured), self.share)
            if self.threshold == "auto"
            else self.threshold
        )

    def _nearest(self, name: str, records: Sequence[Record]) -> Nearest:
        """Get ready to compare with a set of samples."""
        if len(records) < 3:
            raise GateError(
                "SA447",
                f"A gate against copies needs three samples at least to compare with, got {len(records)} of {name!r}. "
                "Leave it out.",
            )
        return nearest_to(records, self.embedding)

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge how near samples are to real ones.

        Args:
            requests: What was asked for.
            records: The samples.

        Returns:
            Scores are ratios of distances in [0, 1], the least over the sets.
        """
        least = np.ones(len(records))
        reasons = [""] * len(records)
        for what, nearest in self._sets.items():
            measured = nearest.distances(records)
            ratios = np.where(measured[:, 0] <= self._copy, 0.0, _ratios(measured))
            for i in np.nonzero((ratios < self._least) & (ratios < least))[0]:
                reasons[i] = f"copies {what}"
            least = np.minimum(least, ratios)
        return [
            Verdict(not reason, float(ratio), reason)
            for ratio, reason in zip(least, reasons, strict=True)
        ]


def _ratios(measured: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Divide distances to the nearest by those to the second nearest."""
    ratios: npt.NDArray[np.float64] = (measured[:, 0] + 1e-9) / (measured[:, 1] + 1e-9)
    return ratios
