"""What is known of all samples of an export together, gathered while they pass."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from lightning_synthaug.cli.exports.forms import MARKED, Outgoing
from lightning_synthaug.cli.marking import text_of

__all__ = ["Account", "Maker"]


@final
@dataclass(frozen=True, slots=True)
class Maker:
    """A generator, as the provenance of its samples describes it.

    Attributes:
        name: Its name.
        kind: Its class, None where that is not known; so are all that follow.
        fingerprint: Digest of all that its samples depend on.
        weights: Digest of its weights.
        licence: Licence of its samples.
        source: Where weights or samples come from.
        settings: Its settings, JSON text.
        source_type: How its samples came about: an address of the IPTC's vocabulary.
    """

    name: str
    kind: str | None
    fingerprint: str | None
    weights: str | None
    licence: str | None
    source: str | None
    settings: str | None
    source_type: str

    @classmethod
    def of(cls, sample: Outgoing) -> Maker:
        """Read who made a sample.

        Args:
            sample: The sample.

        Returns:
            Its maker, the same for all samples of one generator in one state and of one source type.
        """
        told = sample.provenance
        return cls(
            sample.mark.generator,
            text_of(told.get("class")),
            sample.mark.fingerprint,
            text_of(told.get("weights")),
            sample.mark.licence,
            text_of(told.get("source")),
            text_of(json.dumps(told["settings"])) if told.get("settings") else None,
            sample.mark.source_type,
        )


@final
@dataclass
class Account:
    """Counts over the samples of an export.

    Attributes:
        samples: How many were written.
        damaged: How many were missing or damaged, and left out.
        signed: Files that carry a signed manifest.
        makers: Samples by generator.
        labels: Samples by label; None: without one.
        files: Files by what their names end with.
        twins: Samples that were made from a real one.
        seeds: Samples whose seed is known.
        first: When the first of them was stored, ISO 8601; None: there is none.
        last: When the last was.
    """

    samples: int = 0
    damaged: int = 0
    signed: int = 0
    makers: Counter[Maker] = field(default_factory=Counter)
    labels: Counter[int | str | None] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    twins: int = 0
    seeds: int = 0
    first: str | None = None
    last: str | None = None

    def passing(self, samples: Iterator[Outgoing], *, signed: bool) -> Iterator[Outgoing]:
        """Count samples on their way.

        Args:
            samples: The samples.
            signed: Whether images and sound among them were signed.

        Yields:
            Each of them.
        """
        for sample in samples:
            self.samples += 1
            self.makers[Maker.of(sample)] += 1
            self.labels[sample.label] += 1
            endings = [name.rpartition(".")[2] for name in sample.files]
            self.files.update(endings)
            self.signed += sum(ending in MARKED for ending in endings) if signed else 0
            self._look(sample.provenance)
            yield sample

    def licences(self) -> list[str]:
        """List the licences of all samples, each once, sorted."""
        return sorted({maker.licence for maker in self.makers if maker.licence is not None})

    def unlicensed(self) -> int:
        """Count samples of which no licence is known."""
        return sum(count for maker, count in self.makers.items() if maker.licence is None)

    def source_types(self) -> Counter[str]:
        """Count samples by how they came about."""
        counts: Counter[str] = Counter()
        for maker, count in self.makers.items():
            counts[maker.source_type] += count
        return counts

    def _look(self, provenance: Mapping[str, Any]) -> None:
        """Count what the provenance of a sample says of it alone."""
        self.twins += provenance.get("twin") is not None
        self.seeds += isinstance(provenance.get("seed"), int)
        stored = str(provenance["stored_at"])
        self.first = stored if self.first is None else min(self.first, stored)
        self.last = stored if self.last is None else max(self.last, stored)
