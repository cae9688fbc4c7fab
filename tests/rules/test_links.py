"""What the pages at the root point to is there; Sphinx checks the links inside `docs`."""

from __future__ import annotations

import re

from tests.rules.repository import ROOT, files, shown

LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")


def test_relative_links_lead_somewhere() -> None:
    pages = [path for path in files(".md") if path.parent == ROOT]
    assert pages
    broken = [
        f"{shown(page)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken
