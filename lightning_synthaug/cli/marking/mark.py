"""What each published file says of its sample, whatever form it says it in."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final, final

from lightning_synthaug.cli.marking.sources import source_type

__all__ = ["NAME", "Mark", "text_of", "tool", "version"]

NAME: Final = "lightning_synthaug"
"""Name under which files say what wrote them."""

_LONGEST: Final = 200  # characters of a name or licence; a mark is in every file


@final
@dataclass(frozen=True, slots=True)
class Mark:
    """What a file says of its sample.

    Attributes:
        source_type: How it came about: an address of the IPTC's vocabulary.
        generator: Name of what made it.
        fingerprint: Which state of that made it; None where that is not known.
        licence: Licence, None where none is known.
        key: Key of the sample, in hexadecimal.
    """

    source_type: str
    generator: str
    fingerprint: str | None
    licence: str | None
    key: str

    @classmethod
    def of(cls, provenance: Mapping[str, Any], key: str) -> Mark:
        """Read what is to be said from the provenance of a sample.

        Args:
            provenance: Who made it. Any JSON: what is no text is left out.
            key: Its key, in hexadecimal.

        Returns:
            The mark.

        Example:
            >>> Mark.of({"name": "gan", "licence": 5}, "00ff")
            Mark(source_type='http://...trainedAlgorithmicMedia', generator='gan', fingerprint=None,
            licence=None, key='00ff')
        """
        told = {name: text_of(provenance.get(name)) for name in ("name", "fingerprint", "licence")}
        return cls(
            source_type(provenance),
            told["name"] or "(unnamed)",
            told["fingerprint"],
            told["licence"],
            key,
        )

    def sentence(self) -> str:
        """Say it in a sentence, for those who read no vocabulary.

        Example:
            >>> Mark.of({"name": "gan"}, "00ff").sentence()
            'Synthetic sample 00ff, made by gan.'
        """
        return f"Synthetic sample {self.key}, made by {self.generator}."


def text_of(value: object) -> str | None:
    r"""Return a text that a file can hold, None for what is no text.

    Characters that XML cannot hold are left out, line breaks become spaces, and it ends after 200
    characters: provenance is somebody's, and a mark is in every file.

    Args:
        value: Anything.

    Returns:
        The text, never empty.

    Example:
        >>> text_of(" a\n\x00b "), text_of(3), text_of("")
        ('a b', None, None)
    """
    if not isinstance(value, str):
        return None
    # Surrogates and control characters cannot be printed, and neither can U+FFFE and U+FFFF.
    words = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in value).split()
    return " ".join(words)[:_LONGEST] or None


@functools.cache
def version() -> str | None:
    """Return the version of this package; None when it is not installed."""
    try:
        return metadata.version("lightning-synthaug")
    except metadata.PackageNotFoundError:
        return None


def tool() -> str:
    """Name this package and its version, as files say what wrote them."""
    return f"{NAME} {version()}" if version() else NAME
