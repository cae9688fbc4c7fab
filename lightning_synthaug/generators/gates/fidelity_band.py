"""Does a sample look like the real ones of its label, neither too little nor too much?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.calibration import auto_threshold, check_threshold
from lightning_synthaug.generators.gates.comparing import nearest_to
from lightning_synthaug.generators.gates.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings import Embedding
    from lightning_synthaug.generators.gates.nearest import Nearest
    from lightning_synthaug.generators.gates.real import RealSamples
    from lightning_synthaug.generators.request import Request

__all__ = ["FidelityBand"]

#: Real samples that are compared with.
_SAMPLES: Final = 4000
#: Real samples of a label that something can be said by.
_LEAST: Final = 5


@final
class FidelityBand(Gate):
    """Accept samples at about the distance from real ones that these have from each other.

    The score is the mean distance to the two nearest real samples of the label. Far above that of real
    samples to each other lies what is malformed or noise, far below what is a copy. Images are
    compared as `NearDuplicate` does.

    Args:
        band: The scores between which samples are accepted, or `"auto"`.
        share: For `"auto"`: the share of real samples that pass.
        embedding: What distances are measured on; by default images are aligned, and others get the
            one of their modality.

    Raises:
        ConfigError: `band` or `share` is outside its range (SA452).
    """

    name = "fidelity"
    version: ClassVar[int] = 1
    fitted: ClassVar[bool] = True

    def __init__(
        self,
        band: tuple[float, float] | Literal["auto"] = "auto",
        *,
        share: float = 0.99,
        embedding: Embedding | None = None,
    ) -> None:
        for edge in ("auto",) if band == "auto" else band:
            check_threshold(edge, share)  # type: ignore[arg-type]  # this is what it is for
        self.band = band
        self.share = share
        self.embedding = embedding

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        band = self.band if self.band == "auto" else [float(edge) for edge in self.band]
        embedding = None if self.embedding is None else self.embedding.fingerprint()
        return {"band": band, "share": self.share, "embedding": embedding}

    def fit(self, real: RealSamples) -> None:
        """Measure how far real samples are from each other.

        Args:
            real: Real training samples; without labels they count as of one.

        Raises:
            GateError: There are fewer than five (SA447).
        """
        chosen = real.spread(_SAMPLES)
        records = real.read(chosen)
        if len(records) < _LEAST:
            raise GateError(
                "SA447",
                f"A gate for fidelity needs {_LEAST} real samples at least, got {len(records)}. Leave it out.",
            )
        labels = np.zeros(len(chosen), np.int64) if real.labels is None else real.labels[chosen]
        self._labelled = real.labels is not None
        self._groups: dict[int, Nearest] = {}
        scores = [np.empty(0)]
        for label in np.unique(labels).tolist():
            mine = [records[i] for i in np.nonzero(labels == label)[0]]
            if len(mine) < _LEAST:
                continue  # nothing can be said of so few
            self._groups[label] = nearest_to(mine, self.embedding)
            scores.append(self._groups[label].distances(mine, range(len(mine))).mean(axis=1))
        self._band = self._auto(np.concatenate(scores)) if self.band == "auto" else self.band

    def _auto(self, scores: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Choose the band that the share of real samples lies in, as many beyond either edge."""
        edge = 1 - (1 - self.share) / 2
        return auto_threshold(scores, edge), -auto_threshold(-scores, edge)

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge how far samples are from the real ones of their label.

        Args:
            requests: What was asked for.
            records: The samples.

        Returns:
            Scores are distances; none for a label with too few real samples to say.
        """
        scores = np.full(len(records), np.nan)
        labels = [
            label_of(q, r) if self._labelled else 0 for q, r in zip(requests, records, strict=True)
        ]
        for label, group in self._groups.items():
            mine = [i for i, each in enumerate(labels) if each == label]
            if mine:
                scores[mine] = group.distances([records[i] for i in mine]).mean(axis=1)
        return [self._verdict(float(score)) for score in scores]

    def _verdict(self, score: float) -> Verdict:
        """Compare a score with the band."""
        nearest, farthest = self._band
        if score < nearest:
            return Verdict(False, score, "too near a real sample")
        if score > farthest:
            return Verdict(False, score, "unlike real samples")
        return Verdict(True, None if np.isnan(score) else score)
