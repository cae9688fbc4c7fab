"""A page to listen to sounds and to look at images, without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

__all__ = ["Shown", "write_page"]

_HEAD: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Synthetic samples</title>
<style>
body { font-family: sans-serif; margin: 2em; }
figure { display: inline-block; margin: 0.5em; vertical-align: top; }
figcaption { color: #555; font-size: 80%; max-width: 20em; overflow-wrap: anywhere; }
img { image-rendering: pixelated; min-width: 5em; max-width: 20em; }
</style></head><body>
<h1>Synthetic samples</h1>
<p>Everything here was generated; no sound and no image is a recording.</p>
"""
#: What is shown of a file, by its ending.
_SHOWN: Final = {
    "wav": '<audio controls preload="none" src="{}"></audio>',
    "png": '<img loading="lazy" alt="" src="{}">',
}


class Shown(NamedTuple):
    """A sample on the page.

    Attributes:
        files: Its files, below the folder of the page.
        about: What made it, and how.
    """

    files: Sequence[str]
    about: str


def write_page(folder: Path, labels: Mapping[str, Sequence[Shown]]) -> None:
    """Write `index.html`, which plays each sound and shows each image, label by label.

    Args:
        folder: Folder of the files.
        labels: Samples by label; a label without sounds and images is left out.
    """
    with (folder / "index.html").open("w", encoding="utf-8") as file:
        file.write(_HEAD)
        for label, samples in labels.items():
            shown = [part for sample in samples if (part := _figure(sample))]
            if shown:
                file.write(f"<details open><summary>{escape(label)} ({len(shown)})</summary>\n")
                file.write("\n".join(shown) + "</details>\n")
        file.write("</body></html>\n")


def _figure(sample: Shown) -> str:
    """Show what there is of a sample to hear and to see; nothing where there is nothing."""
    parts = [
        _SHOWN[ending].format(quote(name))
        for name in sample.files
        if (ending := name.rpartition(".")[2]) in _SHOWN
    ]
    told = f"<figcaption>{escape(sample.about)}</figcaption>"
    return f"<figure>{''.join(parts)}{told}</figure>" if parts else ""
