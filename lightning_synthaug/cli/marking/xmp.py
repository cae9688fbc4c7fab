"""The mark in XMP, which readers of image and sound metadata understand."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from lightning_synthaug.cli.marking.mark import Mark, tool

__all__ = ["packet"]

_SPACES: Final = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}


def packet(mark: Mark) -> str:
    """Write a mark as an XMP packet.

    Args:
        mark: The mark.

    Returns:
        XML. Readers find in it `Iptc4xmpExt:DigitalSourceType`, `AISystemUsed` and
        `AISystemVersionUsed` (the generator), `xmp:CreatorTool`, `dc:identifier` (the key),
        `dc:description`, and the licence as `dc:rights` and `xmpRights:UsageTerms`, or as
        `xmpRights:WebStatement` where it is an address.

    Source:
        ISO 16684-1 (XMP); IPTC Photo Metadata Standard 2025.1.
    """
    values = {
        "Iptc4xmpExt:DigitalSourceType": mark.source_type,
        "Iptc4xmpExt:AISystemUsed": mark.generator,
        "Iptc4xmpExt:AISystemVersionUsed": mark.fingerprint,
        "xmp:CreatorTool": tool(),
        "dc:identifier": mark.key,
    }
    texts = {"dc:description": mark.sentence()}
    if mark.licence is not None:
        texts["dc:rights"] = mark.licence
        if mark.licence.startswith(("https://", "http://")):
            values["xmpRights:WebStatement"] = mark.licence
        else:
            texts["xmpRights:UsageTerms"] = mark.licence
    spaces = "".join(f" xmlns:{name}={quoteattr(url)}" for name, url in _SPACES.items())
    inside = "".join(
        f"<{name}>{escape(value)}</{name}>" for name, value in values.items() if value is not None
    )
    inside += "".join(
        f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt></{name}>'
        for name, text in texts.items()
    )
    # "r": whoever changes a packet in place breaks the checksum that PNG keeps of it.
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta{spaces}><rdf:RDF><rdf:Description rdf:about="">{inside}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
    )
