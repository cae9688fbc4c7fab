from __future__ import annotations

from xml.etree import ElementTree

import pytest

from lightning_synthaug.cli.marking import Mark, packet, tool

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
DC = "{http://purl.org/dc/elements/1.1/}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"


def read(text: str) -> dict[str, str]:
    """Read a packet as any reader of XML would."""
    root = ElementTree.fromstring(text)
    (about,) = root.iter(f"{RDF}Description")
    found = {}
    for child in about:
        (default,) = [*child.iter(f"{RDF}li")] or [child]
        found[child.tag] = default.text or ""
    return found


def test_a_packet_names_the_source_type_the_generator_the_licence_and_the_key() -> None:
    told = read(
        packet(Mark.of({"name": "gan", "fingerprint": "9f", "licence": "CC-BY-4.0"}, "00ff"))
    )
    assert told == {
        f"{IPTC}DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
        f"{IPTC}AISystemUsed": "gan",
        f"{IPTC}AISystemVersionUsed": "9f",
        f"{XMP}CreatorTool": tool(),
        f"{DC}identifier": "00ff",
        f"{DC}description": "Synthetic sample 00ff, made by gan.",
        f"{DC}rights": "CC-BY-4.0",
        f"{RIGHTS}UsageTerms": "CC-BY-4.0",
    }


def test_a_licence_that_is_an_address_is_told_as_one() -> None:
    told = read(packet(Mark.of({"licence": "https://example.org/terms"}, "00")))
    assert told[f"{RIGHTS}WebStatement"] == "https://example.org/terms"
    assert f"{RIGHTS}UsageTerms" not in told


@pytest.mark.parametrize("name", ["</rdf:RDF>", "a & b", "]]>", '"', "\x00\x1f\ufffe", "né 雪"])
def test_no_name_breaks_a_packet(name: str) -> None:
    told = read(packet(Mark.of({"name": name, "licence": name}, "00")))
    assert told[f"{IPTC}AISystemUsed"] == (name if name.isprintable() else "(unnamed)")
    assert told[f"{IPTC}DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
