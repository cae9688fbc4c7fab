"""Does a generator repeat itself?"""

from __future__ import annotations

from collections import OrderedDict
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias, final

import numpy as np

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.calibration import auto_threshold, check_threshold
from lightning_synthaug.generators.gates.embeddings import Embedding, default_embedding
from lightning_synthaug.generators.gates.kernel import squared_distances

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.real import RealSamples
    from lightning_synthaug.generators.request import Request

__all__ = ["Repetition"]

#: Samples of a label that are held against each other: those that one producer makes, so that none has to ask others.
_BLOCK: Final = 256
#: Samples that are remembered; of more, the blocks that were not used for longest are forgotten.
_REMEMBERED: Final = 1 << 16
#: Real samples that the threshold is chosen by.
_CALIBRATED_BY: Final = 2000

#: A distance below this, as a share of the median between real neighbours, is a repetition whatever real ones show.
_COPY: Final = 0.02

#: Who a sample is within its block: number, version, attempt.
_Place: TypeAlias = tuple[int, int, int]


@final
class Repetition(Gate):
    """Refuse samples that are nearly the same as an earlier one.

    A pool of samples that repeat each other holds less than its size says. The score is the distance
    to the nearest sample accepted before it in its block: 256 of a label, or all of one twin. With
    `threshold="auto"` a sample is refused that is nearer than all but a few real samples of a label
    are to each other.

    The one gate whose verdict depends on others: which of two samples came first. What was accepted is remembered
    by the process that makes samples and as long as it runs. Put it last: what a gate after it refuses stays
    remembered.

    Args:
        threshold: Distance below which a sample is refused, or `"auto"`.
        share: For `"auto"`: the share of real samples that are farther from their nearest neighbour.
        embedding: What distances are measured on; by default the one for the modality of the samples.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452).
    """

    name = "repetition"
    version: ClassVar[int] = 1
    fitted: ClassVar[bool] = True
    remembers: ClassVar[bool] = True

    def __init__(
        self,
        threshold: float | Literal["auto"] = "auto",
        *,
        share: float = 0.995,
        embedding: Embedding | None = None,
    ) -> None:
        check_threshold(threshold, share)
        self.threshold = threshold
        self.share = share
        self.embedding = embedding

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        embedding = None if self.embedding is None else self.embedding.fingerprint()
        return {"threshold": self.threshold, "share": self.share, "embedding": embedding}

    def fit(self, real: RealSamples) -> None:
        """Measure how near real samples of a label are to each other.

        Args:
            real: Real training samples; without labels they count as of one.

        Raises:
            GateError: No label has two of them (SA447).
        """
        chosen = real.spread(_CALIBRATED_BY)
        records = real.read(chosen)
        self._embedding = self.embedding or default_embedding(records[0])
        vectors = self._embedding.embed(records)
        labels = np.zeros(len(chosen), np.int64) if real.labels is None else real.labels[chosen]
        nearest = [_nearest_others(vectors[labels == label]) for label in np.unique(labels)]
        measured = np.concatenate(nearest)
        if not measured.size:
            raise GateError(
                "SA447",
                f"A gate against repetition needs two real samples of a label at least, got {len(chosen)} of "
                f"{np.unique(labels).size} labels. Leave it out, or pass `threshold=`.",
            )
        copy = _COPY * float(np.median(measured))
        self._least = (
            max(copy, auto_threshold(measured, self.share))
            if self.threshold == "auto"
            else self.threshold
        )
        self._blocks: OrderedDict[Any, dict[_Place, npt.NDArray[np.float16]]] = OrderedDict()
        self._remembered = 0

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge how near samples are to earlier ones, those before them in the batch included.

        Args:
            requests: What was asked for; another attempt at the same counts as another sample.
            records: The samples.

        Returns:
            Scores are distances; none for the first sample of a block.
        """
        vectors = self._embedding.embed(records)
        return [self._verdict(*each) for each in zip(requests, vectors, strict=True)]

    def _verdict(self, request: Request, vector: npt.NDArray[np.float32]) -> Verdict:
        """Compare one sample with its block, and remember it."""
        place = request.number, request.version, request.attempt
        block = self._block(request)
        others = list(takewhile(lambda each: each[0] != place, block.items()))
        distance = None
        if others:
            apart = squared_distances(
                vector[None], np.stack([other for _, other in others]).astype(np.float32)
            )
            distance = float(np.sqrt(apart.min()))
            if distance < self._least:
                return Verdict(False, distance, "repeats an earlier sample")
        self._remembered += place not in block
        block.setdefault(place, vector.astype(np.float16))
        while self._remembered > _REMEMBERED and len(self._blocks) > 1:
            self._remembered -= len(self._blocks.popitem(last=False)[1])
        return Verdict(True, distance)

    def _block(self, request: Request) -> dict[_Place, npt.NDArray[np.float16]]:
        """Find what is remembered of the block that a request is in."""
        twin = request.twin
        which = (request.label, request.number // _BLOCK) if twin is None else twin.digest()
        block = self._blocks.setdefault(which, {})
        self._blocks.move_to_end(which)
        return block


def _nearest_others(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Measure the distance of each to the nearest other one; nothing where there is none."""
    if len(vectors) < 2:
        return np.empty(0)
    distances = squared_distances(vectors, vectors)
    np.fill_diagonal(distances, np.inf)
    nearest: npt.NDArray[np.float64] = np.sqrt(distances.min(axis=1)).astype(np.float64)
    return nearest
