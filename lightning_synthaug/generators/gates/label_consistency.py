"""Does a sample show what was asked for?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, final

import numpy as np

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.calibration import auto_threshold, check_threshold
from lightning_synthaug.generators.gates.embeddings import Embedding, default_embedding
from lightning_synthaug.generators.gates.kernel import KernelClassifier
from lightning_synthaug.generators.gates.labels import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.real import RealSamples
    from lightning_synthaug.generators.request import Request

__all__ = ["LabelConsistency"]

#: Real samples that are learnt from, and those with their variants: what is solved for in seconds.
_SAMPLES, _EXAMPLES = 2000, 4200
#: The most variants of a sample.
_VARIANTS: Final = 20


@final
class LabelConsistency(Gate):
    """Accept samples that a classifier takes for what was asked for.

    The classifier is fitted on the real training data, in seconds: kernel ridge regression on an
    embedding, with variants of the samples where there are few. With `threshold="auto"` a sample
    must be at least as sure to show its label as all but a few real samples that the classifier was
    not fitted on.

    Args:
        threshold: Probability of the label asked for from which on a sample is accepted, or
            `"auto"`.
        share: For `"auto"`: the share of held-out real samples that pass.
        embedding: What the classifier sees; by default the one for the modality of the samples.

    Raises:
        ConfigError: `threshold` or `share` is outside its range (SA452).
    """

    name = "label"
    version: ClassVar[int] = 1
    fitted: ClassVar[bool] = True
    labelled: ClassVar[bool] = True

    def __init__(
        self,
        threshold: float | Literal["auto"] = "auto",
        *,
        share: float = 0.975,
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
        """Fit the classifier on real samples, and choose the threshold.

        Args:
            real: Real training samples with labels.

        Raises:
            GateError: They have no labels, or only one (SA453).
        """
        chosen = real.spread(_SAMPLES)
        labels = None if real.labels is None else real.labels[chosen]
        if labels is None or np.unique(labels).size < 2:
            raise GateError(
                "SA453",
                "A gate for labels needs real samples of two labels at least, got "
                f"{'none' if labels is None else sorted(set(labels.tolist()))}. Pass `labels=`, or leave the gate out.",
            )
        records = real.read(chosen)
        self._labels, classes = np.unique(labels, return_inverse=True)
        self._embedding = self.embedding or default_embedding(records[0])
        variants = min(_VARIANTS, _EXAMPLES // len(records) - 1)
        vectors = np.concatenate(
            [self._embedding.embed(records), self._embedding.variants(records, variants)]
        )
        copies = len(vectors) // len(records)
        self._classifier = KernelClassifier(
            vectors, np.tile(classes, copies), int(self._labels.size)
        )
        self._least = -np.inf if self.threshold == "auto" else self.threshold
        if self.threshold == "auto":
            held_out = self._classifier.held_out(np.tile(np.arange(len(records)), copies))
            self._least = auto_threshold(held_out[np.arange(len(records)), classes], self.share)

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge how sure samples are to show what was asked for.

        Args:
            requests: What was asked for; where no label was, the one that the sample says of itself.
            records: The samples.

        Returns:
            Scores are probabilities.
        """
        probabilities = self._classifier.probabilities(self._embedding.embed(records))
        known = {int(label): place for place, label in enumerate(self._labels)}
        verdicts = []
        for request, record, row in zip(requests, records, probabilities, strict=True):
            label = label_of(request, record)
            place = None if label is None else known.get(label)
            score = 1.0 if place is None else float(row[place])
            good = score >= self._least
            # What no real sample shows cannot be judged: another gate may have something to say.
            verdicts.append(Verdict(good, score, "" if good else "shows something else"))
        return verdicts
