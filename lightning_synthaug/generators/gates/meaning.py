"""Does a text still mean what its real one means, without saying the same?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.gates.base import Gate
from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.sentences import SentenceEmbedding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.request import Request

__all__ = ["Meaning"]


@final
class Meaning(Gate):
    """Accept variants of real texts that are near them in meaning, but not too near.

    The score is the cosine between the embeddings of the variant and of its real text. Below the band it means
    something else, above it says nearly the same. What has no real text passes.

    Args:
        embedding: A sentence encoder: its folder, its name on the Hugging Face Hub, or an `Embedding`.
        band: Least and most cosine that are accepted, -1 <= least < most <= 1.

    Raises:
        ConfigError: `band` is no such pair (SA452).
    """

    name = "meaning"
    modality = "text"
    version: ClassVar[int] = 1

    def __init__(
        self, embedding: str | Path | Embedding, *, band: tuple[float, float] = (0.7, 0.95)
    ) -> None:
        if len(band) != 2 or not -1 <= band[0] < band[1] <= 1:
            msg = f"`band` must be two cosines in [-1, 1], the lower one first, got {band!r}. Correct it."
            raise ConfigError("SA452", msg)
        self.embedding = embedding
        self.band = band
        own = not isinstance(embedding, Embedding)
        self._own = SentenceEmbedding(embedding) if own else None  # type: ignore[arg-type]  # of a folder

    @property
    def _encoder(self) -> Embedding:
        """The embedding given, or the one of the model given."""
        return self._own or self.embedding  # type: ignore[return-value]  # an embedding where `_own` is None

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {"embedding": self._encoder.fingerprint(), "band": list(self.band)}

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge how near texts are to their real ones.

        Args:
            requests: With the real samples.
            records: The samples.

        Returns:
            Scores are cosines; None without a real sample.
        """
        verdicts = [Verdict(True)] * len(records)
        twins = [(i, r.twin) for i, r in enumerate(requests) if r.twin is not None]
        if not twins:
            return verdicts
        vectors = self._encoder.embed([*(records[i] for i, _ in twins), *(t for _, t in twins)])
        vectors /= (vectors**2).sum(1, keepdims=True).clip(1e-24) ** 0.5
        cosines = (vectors[: len(twins)] * vectors[len(twins) :]).sum(1)
        for (place, _), cosine in zip(twins, cosines.tolist(), strict=True):
            low, high = cosine < self.band[0], cosine > self.band[1]
            reason = "means something else" if low else "says nearly the same" if high else ""
            verdicts[place] = Verdict(not reason, cosine, reason)
        return verdicts
