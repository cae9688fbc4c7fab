"""A folder for each label, a file for each field, and a table of all samples."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from lightning_synthaug.cli.exports.forms import Outgoing, safe_name

__all__ = ["write_folders"]


def write_folders(folder: Path, samples: Iterator[Outgoing]) -> int:
    """Write samples as `<label>/<key>.<field>.<ending>`, with provenance beside each, and labels.csv.

    Where a sample is one file, such as an image, that is `<label>/<key>.<ending>`.

    Args:
        folder: An empty folder.
        samples: The samples.

    Returns:
        How many were written.
    """
    count = 0
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
            table.writerow(
                [" ".join(names), "" if label is None else label, sample.key, made, numbers]
            )
            count += 1
    return count
