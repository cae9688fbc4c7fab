"""What an export holds, sample by sample, in whatever format it is."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from lightning_synthaug.cli.imports.incoming import Incoming
from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

__all__ = ["Reader", "reader_of"]

#: Makes an `Incoming`, or raises an error where what it found is none.
Reader = Callable[[Path], Iterator[Callable[[], Incoming]]]
#: The longest file of a sample. Bytes.
_LONGEST: Final = 1 << 30
#: Zeros that a tar ends with at least. Bytes.
_TAR_END: Final = 1024


def reader_of(source: Path) -> Reader:
    """Choose how to read an export.

    Args:
        source: A folder that `synthaug cache export` made.

    Returns:
        Its reader.

    Raises:
        ConfigError: It is something else (SA813).
    """
    if (source / "labels.csv").is_file():
        return _folders
    if any(source.glob("*.tar")):
        return _webdataset
    if any(source.glob("*.parquet")):
        return _parquet
    found = sorted(p.name for p in source.iterdir())[:5] if source.is_dir() else "no folder"
    raise ConfigError(
        "SA813",
        "What is imported must be a folder that `synthaug cache export` wrote (labels.csv, *.tar or *.parquet), got "
        f"{str(source)!r}: {found}. Images of other origin are a source of their own: `FolderGenerator`.",
    )


def _folders(source: Path) -> Iterator[Callable[[], Incoming]]:
    """Read `<label>/<key>.json` and the files beside it."""
    for label in sorted(entry.name for entry in os.scandir(source) if entry.is_dir()):
        beside: dict[str, dict[str, Path]] = {}
        for entry in os.scandir(source / label):
            # A link would bring in what lies elsewhere.
            if entry.is_file(follow_symlinks=False) and entry.stat().st_size <= _LONGEST:
                key, _, ending = entry.name.partition(".")
                beside.setdefault(key, {})[ending] = Path(entry.path)
        yield from (
            partial(_beside, beside[key]) for key in sorted(beside) if "json" in beside[key]
        )


def _beside(paths: Mapping[str, Path]) -> Incoming:
    """Read the files of one sample."""
    return _told({ending: path.read_bytes() for ending, path in paths.items()})


def _webdataset(source: Path) -> Iterator[Callable[[], Incoming]]:
    """Read tars."""
    for path in sorted(source.glob("*.tar")):
        yield from _as_far_as_it_goes(_tar(path))


def _tar(path: Path) -> Iterator[Callable[[], Incoming]]:
    """Read the files of one tar; those of a sample follow each other."""
    with tarfile.open(path, "r:") as tar:  # what is compressed is no export, and may be of any size
        key, files = "", dict[str, bytes]()
        for member in tar:
            stem, _, ending = member.name.partition(".")
            if stem != key and files:
                yield partial(_told, files)
                files = {}
            key = stem
            # Members of other kinds are links to what is not theirs.
            good = member.isreg() and member.size <= _LONGEST
            content = tar.extractfile(member) if good else None
            files[ending] = b"" if content is None else content.read()
        if files:
            yield partial(_told, files)
    with path.open("rb") as file:
        file.seek(-min(_TAR_END, path.stat().st_size), os.SEEK_END)
        if file.read().strip(b"\0"):
            raise tarfile.ReadError(
                "the end is missing"
            )  # the library takes it for an end like any


def _told(files: Mapping[str, bytes]) -> Incoming:
    """Read the files of one sample, by ending."""
    return Incoming.told(files["json"], {e: content for e, content in files.items() if e != "json"})


def _parquet(source: Path) -> Iterator[Callable[[], Incoming]]:
    """Read the rows of tables."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependency(
            "SA808",
            f"Importing from Parquet needs pyarrow, got no module 'pyarrow'. {install_hint('export')}",
        ) from error
    for path in sorted(source.glob("*.parquet")):
        yield from _as_far_as_it_goes(_table(pyarrow.parquet, path))


def _table(parquet: Any, path: Path) -> Iterator[Callable[[], Incoming]]:
    """Read the rows of one file."""
    with parquet.ParquetFile(path) as table:
        kinds = {f.name: (f.metadata or {}).get(b"kind", b"").decode() for f in table.schema_arrow}
        for batch in table.iter_batches(batch_size=256):
            for row in batch.to_pylist():
                yield partial(_row, row, kinds)


def _as_far_as_it_goes(
    samples: Iterator[Callable[[], Incoming]],
) -> Iterator[Callable[[], Incoming]]:
    """Read a file up to where it is damaged; what follows counts as one sample that is none."""
    try:
        yield from samples
    except Exception as error:  # whatever a library says of somebody else's file
        yield partial(_raise, error)


def _raise(error: Exception) -> Incoming:
    raise error


def _row(row: dict[str, Any], kinds: dict[str, str]) -> Incoming:
    """Tell the columns of one row apart."""
    files: dict[str, bytes] = {}
    numbers: dict[str, Any] = {}
    thin: list[str] = []
    waves: dict[str, str] = {}
    for column, kind in kinds.items():
        value, name = row[column], column.removeprefix("field.")
        if kind.endswith("png"):
            files[f"{name}.png"] = value["bytes"]
            thin += [f"{name}.png"] if kind.startswith("thin") else []
        elif kind.startswith("wav "):
            files[f"{name}.wav"] = value["bytes"]
            waves[f"{name}.wav"] = kind.removeprefix("wav ")
        elif kind in ("txt", "text field"):
            files[f"{name}.txt"] = value.encode()
        elif kind in ("npy", "bin"):
            files[f"{name}.{kind}"] = value
        elif kind in ("int", "float", "bool", "whole field"):
            numbers[unquote(name)] = value
    return Incoming(row["key"], files, numbers, json.loads(row["provenance"]), thin, waves)
