"""Is a text whole: as long as real ones, finished, in their language, and nothing but what was asked for?"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, final

from lightning_synthaug.generators.gates.calibration import check_threshold
from lightning_synthaug.generators.gates.embeddings.ngrams import text_of
from lightning_synthaug.generators.gates.language import identify_language
from lightning_synthaug.generators.gates.letters import LetterProfile
from lightning_synthaug.generators.gates.phrases import leaks, refuses
from lightning_synthaug.generators.gates.validity import Gauge, Validity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.data.record import Record

__all__ = ["ValidText"]

#: Signs that come together in a text that repeats itself.
_LOOP: Final = 12
_CLOSED = re.compile(
    # A full stop of any script, then perhaps quotes and brackets.
    r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964][\s\"'\u201d\u2019\xbb)\]*_]*$"
)
#: What no sentence ends in; words of English.
_OPEN = re.compile(
    r"[,;:(\[{\u2013\u2014-]\s*$|\b(?:a|an|the|and|or|but|of|because|than|if|their|your|its|my|our|very)\s*$",
    re.IGNORECASE,
)
#: The smallest differences that mean something.
_UNITS: Final = {
    "too short": 0.1,
    "too long": 0.1,
    "cut off": 0.02,
    "refuses": 0.01,
    "leaks the prompt": 0.01,
    "repeats itself": 0.05,
    "other language": 2.0,
}


@final
class ValidText(Validity[str]):
    """Refuse texts that are empty, cut off, too short or long, repetitive, or in another language.

    Refusals and prompts are refused, too: what language models write instead of, or besides, what
    they were asked for. What real texts show as well is no fault: real ones that end without a full
    stop, for example.

    Args:
        share: Share of held-out real texts that pass.
        prompts: What the language model was told; texts that repeat six words of it in a row are refused.
        language: Code of the language to expect, such as `"en"`, told by `py3langid`. None: the
            language is told from the letters of real texts, which needs no library.

    Raises:
        ConfigError: `share` lies outside (0, 1) (SA452).
    """

    name = "valid text"
    modality = "text"
    version: ClassVar[int] = 1

    def __init__(
        self, *, share: float = 0.99, prompts: str | Sequence[str] = (), language: str | None = None
    ) -> None:
        check_threshold("auto", share)
        self.share = share
        self.prompts = prompts
        self.language = language

    def settings(self) -> dict[str, Any]:
        """List the settings that change verdicts."""
        return {**super().settings(), "prompts": self._prompts(), "language": self.language}

    def read(self, record: Record) -> str:
        """Take the text out of a record."""
        return text_of(record)

    def learn(self, readings: Sequence[str]) -> _Gauge:
        """Learn which letters real texts have."""
        return _Gauge(readings, self._prompts(), self.language)

    def _prompts(self) -> list[str]:
        """List what the language model was told."""
        return [self.prompts] if isinstance(self.prompts, str) else list(self.prompts)


@final
class _Gauge(Gauge[str]):
    """Length by its logarithm, repetition by its share, and yes or no for the rest."""

    def __init__(self, texts: Sequence[str], prompts: Sequence[str], language: str | None) -> None:
        self.units = _UNITS
        self.prompts = prompts
        self.language = language
        self.profile = LetterProfile(texts) if language is None else None

    def fault(self, reading: str) -> str:
        """Refuse what is no text at all."""
        return "" if reading.strip() else "empty"

    def measure(self, reading: str) -> dict[str, float]:
        """Measure a text."""
        text = reading.strip()
        length = math.log(len(text))
        measured = {
            "too short": -length,
            "too long": length,
            "cut off": 0.0 if _CLOSED.search(text) else 2.0 if _OPEN.search(text) else 1.0,
            "refuses": float(refuses(text)),
            "leaks the prompt": float(leaks(text, self.prompts)),
            "repeats itself": _repetition(text),
        }
        strange = self._strangeness(text)
        return measured if strange is None else {**measured, "other language": strange}

    def _strangeness(self, text: str) -> float | None:
        """Say how unlike the language of real texts a text is."""
        if self.profile is not None:
            return self.profile.strangeness(text)
        assert self.language is not None
        return identify_language(text, self.language)


def _repetition(text: str) -> float:
    """Say which share of a text was there before, a dozen signs at a time."""
    stretches = len(text) - _LOOP + 1
    if stretches < 1:
        return 0.0
    return 1 - len({text[i : i + _LOOP] for i in range(stretches)}) / stretches
