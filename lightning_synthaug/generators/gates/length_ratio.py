"""Is a text about as long as the real one that it varies?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.errors import ConfigError, GateError
from lightning_synthaug.generators.gates.base import Gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.request import Request

__all__ = ["LengthRatio"]


@final
class LengthRatio(Gate):
    """Accept variants of real texts that are neither much shorter nor much longer than these.

    The score is the signs of the variant by those of its real text. What has no real text passes.

    Args:
        band: Least and most ratio that are accepted, 0 <= least < most.
        field: The field that is measured.

    Raises:
        ConfigError: `band` is no such pair (SA452).
    """

    name = "length_ratio"
    modality = "text"
    version: ClassVar[int] = 1

    def __init__(self, band: tuple[float, float] = (0.5, 2.0), *, field: str = "text") -> None:
        if len(band) != 2 or not 0 <= band[0] < band[1]:
            msg = f"`band` must be two ratios, the lower one first, got {band!r}. Correct it."
            raise ConfigError("SA452", msg)
        self.band = band
        self.field = field

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {"band": list(self.band), "field": self.field}

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        """Judge the length of texts.

        Args:
            requests: With the real samples.
            records: The samples.

        Returns:
            Scores are ratios; None without a real sample.

        Raises:
            GateError: A sample has no such text (SA450).
        """
        return [self._judge(*both) for both in zip(requests, records, strict=True)]

    def _judge(self, request: Request, record: Record) -> Verdict:
        """Judge one text."""
        if request.twin is None:
            return Verdict(True)
        ratio = self._length(record) / max(1, self._length(request.twin))
        low, high = ratio < self.band[0], ratio > self.band[1]
        reason = "much shorter" if low else "much longer" if high else ""
        return Verdict(not reason, ratio, reason)

    def _length(self, record: Record) -> int:
        """Count the signs of a text."""
        text = record.get(self.field)
        if isinstance(text, str):
            return len(text.strip())
        raise GateError(
            "SA450",
            f'A gate for texts needs the field "{self.field}" in each sample, got {record!r}. Correct `field=`.',
        )
