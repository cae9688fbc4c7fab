from __future__ import annotations

import html.parser
from pathlib import Path

from lightning_synthaug.cli.exports.page import Shown, write_page


class Page(html.parser.HTMLParser):
    """Collects what a page loads, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [(tag, dict(attrs)["src"])] if "src" in dict(attrs) else []

    def handle_data(self, data: str) -> None:
        self.text += data


def test_sounds_are_played_and_images_shown_by_label(tmp_path: Path) -> None:
    labels = {
        "0": [Shown(["0/a.wav"], "said <b>zero</b>"), Shown(["0/b%20c.png", "0/b.npy"], "")],
        "<script>": [Shown(["1/c.wav"], "x")],
        "table": [Shown(["2/d.npy"], "never shown")],
    }
    write_page(tmp_path, labels)
    page = Page((tmp_path / "index.html").read_text("utf-8"))
    # What is quoted in a name is quoted once more in an address.
    assert page.loaded == [("audio", "0/a.wav"), ("img", "0/b%2520c.png"), ("audio", "1/c.wav")]
    assert "said <b>zero</b>" in page.text and "<script> (1)" in page.text and "0 (2)" in page.text
    assert "never shown" not in page.text
