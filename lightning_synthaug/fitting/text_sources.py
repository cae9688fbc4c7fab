"""Where the command line finds texts and labels: class folders, tables, lines of JSON, or the user's own code."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

import numpy as np

from lightning_synthaug.data import adapt, find_labels
from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.sources import call_code, reason_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TextSource", "read_texts"]

_TABLES: Final = {".csv": ",", ".tsv": "\t", ".txt": "\t"}


@final
@dataclass(frozen=True, slots=True, eq=False)
class TextSource:
    """Texts and labels as they were found.

    Attributes:
        texts: The texts.
        labels: Integers, shape `(n,)`.
        class_names: Names in the order of the labels where the labels were names, else None.
    """

    texts: list[str]
    labels: NDArray[np.int64]
    class_names: list[str] | None = None


def read_texts(what: str, *, class_names: Sequence[str] | None = None) -> TextSource:
    """Read what `--data` names.

    Args:
        what: A folder of class subfolders with a `.txt` file for each text; a `.csv` file, or a `.tsv` or `.txt` file
            with a tab between text and label; a `.jsonl` file; or an import path `"module:name"`.
        class_names: Where labels are names: these in the order of their numbers, others are left out; None: all of
            them, sorted.

    Returns:
        Texts and labels.

    Raises:
        DataError: Nothing usable is there (SA837).
    """
    path = Path(what)
    try:
        if path.is_dir():
            pairs = [(f.read_text("utf-8"), f.parent.name) for f in sorted(path.glob("*/*.txt"))]
        elif path.suffix in _TABLES and path.exists():
            pairs = _read_table(path)
        elif path.suffix == ".jsonl" and path.exists():
            lines = path.read_text("utf-8").split("\n")
            pairs = [_pair(json.loads(line)) for line in lines if line.strip()]
        elif ":" in what and not path.exists():
            pairs = _read_code(what)
        else:
            _wrong(what, "a file of another kind" if path.exists() else "nothing of that name")
    except (OSError, ValueError, LookupError, TypeError, csv.Error) as error:
        if isinstance(error, DataError):
            raise
        _wrong(what, f"what cannot be read ({type(error).__name__}: {error})", error)
    if not pairs:
        _wrong(what, "no texts")
    return _numbered(what, pairs, class_names)


def _read_table(path: Path) -> list[tuple[str, Any]]:
    """Read text and label of each line; a first line with a cell `text` names the columns.

    Tabs are not quoted: a quotation mark in such a file is one of the text.
    """
    quoting: Any = csv.QUOTE_MINIMAL if path.suffix == ".csv" else csv.QUOTE_NONE
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [
            row for row in csv.reader(file, delimiter=_TABLES[path.suffix], quoting=quoting) if row
        ]
    if rows and "text" in rows[0]:
        return [_pair(dict(zip(rows[0], row, strict=True))) for row in rows[1:]]
    return [_pair(row) for row in rows]


def _pair(row: Any) -> tuple[str, Any]:
    """Take text and label out of a row: by their names, the label also as the only other value; or the first two."""
    if not isinstance(row, Mapping):
        text, label = row[:2]
        return str(text), label
    others = [key for key in row if key != "text"]
    return str(row["text"]), row["label" if "label" in row else others[0]]


def _read_code(path: str) -> list[tuple[str, Any]]:
    """Import and call the user's code."""
    try:
        content = call_code(path)
    except Exception as error:  # the user's own code may raise anything; the cause is kept
        _wrong(path, f"code that fails ({reason_of(error)})", error)
    if isinstance(content, tuple) and len(content) == 2:
        return list(zip(*content, strict=True))
    try:
        adapter = adapt(content)
        texts = [str(adapter.record(index)["text"]) for index in range(len(adapter))]
        return list(zip(texts, find_labels(content).codes.tolist(), strict=True))
    except (DataError, LookupError, TypeError, ValueError) as error:
        _wrong(path, f"{type(content).__name__} ({error})", error)


def _numbered(
    what: str, pairs: Sequence[tuple[str, Any]], class_names: Sequence[str] | None
) -> TextSource:
    """Number the labels, unless they are numbers."""
    labels = [str(label).strip() for _, label in pairs]
    if all(label.removeprefix("-").isdecimal() for label in labels):
        return TextSource([text for text, _ in pairs], np.array(labels, np.int64))
    names = sorted(set(labels)) if class_names is None else list(class_names)
    missing = sorted(set(names) - set(labels))
    if missing:
        _wrong(what, f"no texts of {missing}")
    chosen = [
        (text, label) for (text, _), label in zip(pairs, labels, strict=True) if label in names
    ]
    numbers = np.array([names.index(label) for _, label in chosen], np.int64)
    return TextSource([text for text, _ in chosen], numbers, names)


def _wrong(what: str, got: str, cause: Exception | None = None) -> NoReturn:
    """Say what `--data` may be."""
    message = (
        "`--data` must be a folder of class subfolders with .txt files, a .csv, .tsv or .jsonl file with `text` and "
        f'`label`, or an import path "module:name" of such data, got {got} at "{what}". Convert the data, or write a '
        "function that returns (texts, labels)."
    )
    raise DataError("SA837", message) from cause
