"""What an export holds, sample by sample, in whatever format it is."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from lightning_synthaug.cli.imports.incoming import Incoming
from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

__all__ = ["Reader", "reader_of"]

#: Makes an `Incoming`, or raises an error where what it found is none.
Reader = Callable[[Path], Iterator[Callable[[], Incoming]]]
#: The longest file of a sample. Bytes.
_LONGEST: Final = 1 << 30


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
    for told in sorted(source.glob("*/*.json")):

        def read(told: Path = told) -> Incoming:
            key = told.stem
            beside = {
                path.name[len(key) + 1 :]: path.read_bytes()
                for path in told.parent.glob(f"{key}.*")
                if path != told
            }
            return Incoming.told(told.read_bytes(), beside)

        yield read


def _webdataset(source: Path) -> Iterator[Callable[[], Incoming]]:
    """Read tars."""
    for path in sorted(source.glob("*.tar")):
        yield from _as_far_as_it_goes(_tar(path))


def _tar(path: Path) -> Iterator[Callable[[], Incoming]]:
    """Read the files of one tar; those of a sample follow each other."""
    with tarfile.open(path) as tar:
        key, files = "", dict[str, bytes]()
        for member in tar:
            stem, _, ending = member.name.partition(".")
            if stem != key and files:
                yield _taker(files)
                files = {}
            key = stem
            content = tar.extractfile(member) if 0 <= member.size <= _LONGEST else None
            files[ending] = b"" if content is None else content.read()
        if files:
            yield _taker(files)


def _taker(files: dict[str, bytes]) -> Callable[[], Incoming]:
    """Put off what may fail."""
    return lambda: Incoming.told(files["json"], files)


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
    except (OSError, ValueError, EOFError, tarfile.TarError) as error:
        yield partial(_raise, error)


def _raise(error: Exception) -> Incoming:
    raise error


def _row(row: dict[str, Any], kinds: dict[str, str]) -> Incoming:
    """Tell the columns of one row apart."""
    files: dict[str, bytes] = {}
    numbers: dict[str, Any] = {}
    thin = []
    for name, kind in kinds.items():
        value, ending = row[name], kind.rpartition(" ")[2]
        if kind.endswith("png"):
            files[f"{name}.png"] = value["bytes"]
            thin += [f"{name}.png"] if kind.startswith("thin") else []
        elif kind == "txt":
            files[f"{name}.txt"] = value.encode()
        elif kind in ("npy", "bin"):
            files[f"{name}.{kind}"] = value
        elif kind in ("int", "float", "bool") or ending == "field":
            numbers[name] = value
    return Incoming(row["key"], files, numbers, json.loads(row["provenance"]), thin)
