"""Parquet files, with images and sound as Hugging Face `datasets` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, final

from lightning_synthaug.cli.exports.forms import Outgoing, safe_name
from lightning_synthaug.errors import MissingDependency, install_hint

__all__ = ["write_parquet"]

_ROWS: Final = 1000  # a row group
_BYTES: Final = 64 * 2**20


def write_parquet(folder: Path, samples: Iterator[Outgoing]) -> int:
    """Write samples as `samples-0.parquet`, and a further file for each further set of columns.

    Columns are `key`, `label`, each field, and `provenance` (JSON text). A field that is a file is
    bytes under its own name; an image or sound is the pair of bytes and path that `datasets` takes
    for one.
    A field whose name is one of the other columns' stands in `field.<name>`, unless it is the label
    itself.

    Args:
        folder: An empty folder.
        samples: The samples.

    Returns:
        How many were written.

    Raises:
        MissingDependency: pyarrow is not installed (SA808).
    """
    _pyarrow()
    tables: dict[tuple[tuple[str, str], ...], _Table] = {}
    count = 0
    try:
        for sample in samples:
            columns = _columns(sample)
            if columns not in tables:
                tables[columns] = _Table(folder / f"samples-{len(tables)}.parquet", columns)
            tables[columns].add(sample)
            count += 1
    finally:
        for table in tables.values():
            table.close()
    return count


def _pyarrow() -> Any:
    """Import pyarrow on first use."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Exporting to Parquet needs pyarrow, got no module 'pyarrow'. {install_hint('export')}",
        ) from error
    return pyarrow


def _columns(sample: Outgoing) -> tuple[tuple[str, str], ...]:
    """Name each column and what it holds."""
    # What a file's name would tell is told by the kind of its column.
    kinds = dict.fromkeys(sample.thin, "thin png")
    kinds |= {name: f"wav {layout}" for name, layout in sample.waves.items()}
    fields = [
        *(
            (_column(n.rpartition(".")[0]), kinds.get(n, n.rpartition(".")[2]))
            for n in sample.files
        ),
        *((_column(safe_name(n)), type(value).__name__) for n, value in sample.numbers.items()),
    ]
    label = "text" if isinstance(sample.label, str) else "whole"
    if _is_label(sample):
        label += " field"
        fields = [field for field in fields if field[0] != _column("label")]
    return (("key", "text"), ("label", label), *fields, ("provenance", "text"))


def _column(name: str) -> str:
    """Name the column of a field; safe names have no dot, so that this one is nobody else's."""
    return f"field.{name}" if name in ("key", "label", "provenance") else name


def _is_label(sample: Outgoing) -> bool:
    """Tell whether the field `label` says what the column of this name does."""
    text = sample.files.get("label.txt")
    field = sample.numbers.get("label") if text is None else text.decode()
    return field is not None and type(field) is type(sample.label) and field == sample.label


def _feature(kind: str) -> str | None:
    """Name the feature of `datasets` that a kind of column is; None for a plain value."""
    if kind.endswith("png"):
        return "Image"
    return "Audio" if kind.startswith("wav") else None


@final
class _Table:
    """One file that grows by groups of rows."""

    def __init__(self, path: Path, columns: tuple[tuple[str, str], ...]) -> None:
        self._pa = pa = _pyarrow()
        pair = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        types = {"text": pa.string(), "txt": pa.string()}
        types |= {kind: pair for _, kind in columns if _feature(kind)}
        types |= {"whole": pa.int64(), "whole field": pa.int64(), "text field": pa.string()}
        types |= {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
        self._columns = columns
        fields = [
            pa.field(name, types.get(kind, pa.binary()), metadata={"kind": kind})
            for name, kind in columns
        ]
        self._schema = pa.schema(fields, metadata={"huggingface": self._features(fields)})
        self._writer = pa.parquet.ParquetWriter(path, self._schema)
        self._rows: list[dict[str, Any]] = []
        self._size = 0

    def add(self, sample: Outgoing) -> None:
        """Take in a sample."""
        row: dict[str, Any] = {_column(safe_name(n)): value for n, value in sample.numbers.items()}
        for name, content in sample.files.items():
            stem, _, ending = name.rpartition(".")
            field = _column(stem)
            row[field] = content.decode() if ending == "txt" else content
            if _feature(ending):
                row[field] = {"bytes": content, "path": f"{sample.key}.{ending}"}
            self._size += len(content)
        row |= {
            "key": sample.key,
            "label": sample.label,
            "provenance": json.dumps(sample.provenance),
        }
        self._rows.append(row)
        if len(self._rows) >= _ROWS or self._size >= _BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        try:
            self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        """Write a group of rows."""
        if self._rows:
            self._writer.write_table(self._pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows, self._size = [], 0

    def _features(self, fields: list[Any]) -> str:
        """Say in the words of `datasets` which columns are images and sound."""
        features: dict[str, Any] = {}
        for field, (name, kind) in zip(fields, self._columns, strict=True):
            plain = str(field.type).replace("double", "float64")
            special = _feature(kind)
            features[name] = {"_type": special} if special else {"dtype": plain, "_type": "Value"}
        return json.dumps({"info": {"features": features}})
