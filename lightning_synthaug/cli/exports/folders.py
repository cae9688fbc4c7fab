"""A folder for each label, a file for each field, a table of all samples and a page of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lightning_synthaug.cli.exports.forms import Outgoing, safe_name
from lightning_synthaug.cli.exports.page import Shown, write_page

__all__ = ["write_folders"]

_COMMON: Final = (
    "class",
    "fingerprint",
    "label",
    "licence",
    "name",
    "seed",
    "source",
    "stored_at",
    "twin",
)


def write_folders(folder: Path, samples: Iterator[Outgoing]) -> int:
    """Write samples as `<label>/<key>.<field>.<ending>`, with provenance beside each, and labels.csv.

    A page `index.html` plays the sounds and shows the images.
    Where a sample is one file, such as an image, that is `<label>/<key>.<ending>`.

    Args:
        folder: An empty folder.
        samples: The samples.

    Returns:
        How many were written.
    """
    shown: dict[str, list[Shown]] = {}
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "label", "key", "generator", "fields"])
        for sample in samples:
            where = "unlabelled" if sample.label is None else safe_name(str(sample.label))
            (folder / where).mkdir(exist_ok=True)
            names = []
            for name, content in sample.files.items():
                ending = name.rpartition(".")[2]
                names.append(f"{where}/{sample.key}.{ending if len(sample.files) == 1 else name}")
                (folder / names[-1]).write_bytes(content)
            (folder / where / f"{sample.key}.json").write_text(sample.told(), encoding="utf-8")
            made, label = sample.provenance.get("name"), sample.label
            numbers = json.dumps(dict(sample.numbers))
            shown.setdefault(where, []).append(Shown(names, _about(sample)))
            table.writerow(
                [" ".join(names), "" if label is None else label, sample.key, made, numbers]
            )
    write_page(folder, shown)
    return sum(map(len, shown.values()))


def _about(sample: Outgoing) -> str:
    """Tell on the page what a sample is, without what all of its generator have in common."""
    told = [
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in sample.provenance.items()
        if isinstance(value, str | int | float) and name not in _COMMON
    ]
    return ", ".join([f"{sample.provenance.get('name')} {sample.key[:8]}", *told])
