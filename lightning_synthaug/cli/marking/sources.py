"""How a sample came about, in the words of the IPTC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["SAID", "VOCABULARY", "source_type", "term_of"]

VOCABULARY: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
"""Address of the IPTC's vocabulary of digital source types; a term is named by this and its own name."""

SAID: Final = frozenset(
    {
        "algorithmicMedia",
        "compositeSynthetic",
        "compositeWithTrainedAlgorithmicMedia",
        "dataDrivenMedia",
        "trainedAlgorithmicMedia",
    }
)
"""Terms that a generator may use of its samples. None of them passes a sample off as a recording of something real."""

_TRAINED: Final = "trainedAlgorithmicMedia"
_WITH_TWIN: Final = "compositeWithTrainedAlgorithmicMedia"


def source_type(provenance: Mapping[str, Any]) -> str:
    """Say how a sample came about.

    What `digital_source_type` of its provenance says counts, where that is a term of `SAID`: a
    simulator says `"algorithmicMedia"` in its `provenance()`. Otherwise a sample that was made from a
    real one is a composite, and any other the work of a trained model. That holds for images of a
    folder, too: of those nothing is known but that they were used as synthetic ones, and a mark
    too many does less harm than one that is missing.

    Args:
        provenance: Who made it. Any JSON.

    Returns:
        Address of a term of the IPTC's vocabulary of digital source types.

    Source:
        https://cv.iptc.org/newscodes/digitalsourcetype/

    Example:
        >>> source_type({"name": "gan", "label": 3})
        'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
        >>> term_of(source_type({"name": "img2img", "twin": "9f2c"}))
        'compositeWithTrainedAlgorithmicMedia'
        >>> term_of(source_type({"digital_source_type": "algorithmicMedia"}))
        'algorithmicMedia'
    """
    said = provenance.get("digital_source_type")
    term = term_of(said) if isinstance(said, str) else ""
    if term not in SAID:
        term = _TRAINED if provenance.get("twin") is None else _WITH_TWIN
    return VOCABULARY + term


def term_of(address: str) -> str:
    """Return the name of a term, which its address ends with.

    Args:
        address: What `source_type` returned.

    Returns:
        The name alone.
    """
    return address.removeprefix(VOCABULARY)
