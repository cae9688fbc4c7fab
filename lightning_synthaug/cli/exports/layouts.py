"""Which files an export has and what can be read from them, in the words of Croissant."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from lightning_synthaug.cli.exports.account import Account

__all__ = ["Parts", "parts"]

_MEDIA_TYPES: Final = {
    "bin": "application/octet-stream",
    "cls": "text/plain",
    "json": "application/json",
    "npy": "application/octet-stream",
    "png": "image/png",
    "txt": "text/plain",
    "wav": "audio/wav",
}
#: Record set and data type of what can be read from files, by ending. There is no data type for arrays and bytes.
_READABLE: Final = {
    "png": ("images", "IMAGE_OBJECT"),
    "wav": ("sounds", "AUDIO_OBJECT"),
    "txt": ("texts", "TEXT"),
}
#: Data types of columns by the kind that `parquet` notes of them, where it is one word.
_COLUMNS: Final = {
    "bool": "BOOL",
    "float": "FLOAT",
    "int": "INTEGER",
    "text": "TEXT",
    "txt": "TEXT",
    "whole": "INTEGER",
}
#: Keys begin the names of files. It matches a key alone, too, because mlcroissant applies it twice in joins.
_KEY: Final = "^([0-9a-f]+)"


class Parts(NamedTuple):
    """Files and records of a dataset.

    Attributes:
        distribution: `FileObject` and `FileSet` nodes of mlcroissant.
        record_sets: `RecordSet` nodes.
    """

    distribution: list[Any]
    record_sets: list[Any]


def parts(mlc: Any, folder: Path, *, to: str, account: Account) -> Parts:
    """Describe an export.

    Args:
        mlc: The library mlcroissant.
        folder: The export.
        to: Its format, one of `exports.FORMATS`.
        account: What is known of its samples.

    Returns:
        Its files, with digests where they are not one for each sample, and its records.
    """
    describe = {"folders": _folders, "webdataset": _tars, "parquet": _tables}[to]
    return describe(mlc, folder, account)


def _folders(mlc: Any, folder: Path, account: Account) -> Parts:
    """Describe a table and the files that it lists."""
    table = _file(mlc, folder / "labels.csv", "text/csv")
    labels = [label for label in account.labels if label is not None]
    whole = labels and all(isinstance(label, int) for label in labels)
    types = {"key": "TEXT", "label": "INTEGER" if whole else "TEXT"}
    types |= dict.fromkeys(("generator", "file", "fields"), "TEXT")
    columns = [
        _field(mlc, "samples", name, kind, file_object=table.id, column=name)
        for name, kind in types.items()
    ]
    samples = mlc.RecordSet(id="samples", name="samples", key="samples/key", fields=columns)
    sets = _sets(mlc, account, "*/*", inside=())
    return Parts([table, *sets], [samples, *_media(mlc, account, types["label"])])


def _tars(mlc: Any, folder: Path, account: Account) -> Parts:
    """Describe tars and the files in them."""
    tars = [_file(mlc, path, "application/x-tar") for path in sorted(folder.glob("*.tar"))]
    if not tars:
        return Parts([], [])
    key = _field(mlc, "samples", "key", "TEXT", file_set="json-files", file_property="filename")
    told = _field(mlc, "samples", "told", "TEXT", file_set="json-files", file_property="content")
    told.description = "All that is known of the sample, as JSON: label, fields, provenance."
    samples = mlc.RecordSet(id="samples", name="samples", key="samples/key", fields=[key, told])
    sets = _sets(mlc, account, "*", inside=[tar.id for tar in tars])
    return Parts([*tars, *sets], [samples, *_media(mlc, account, None)])


def _tables(mlc: Any, folder: Path, account: Account) -> Parts:
    """Describe Parquet files, each with a record set of its own columns."""
    import pyarrow.parquet

    files, record_sets = [], []
    for path in sorted(folder.glob("*.parquet")):
        file = _file(mlc, path, "application/x-parquet")
        fields = []
        for column in pyarrow.parquet.read_schema(path):
            kind = _column_type(column.metadata)
            if kind is not None:
                fields.append(
                    _field(
                        mlc, path.stem, column.name, kind, file_object=file.id, column=column.name
                    )
                )
        files.append(file)
        about = "A row is a sample. Columns of arrays and of bytes are in the file, but have no data type here."
        record_sets.append(
            mlc.RecordSet(
                id=path.stem,
                name=path.stem,
                description=about,
                key=f"{path.stem}/key",
                fields=fields,
            )
        )
    return Parts(files, record_sets)


def _column_type(noted: Mapping[bytes, bytes] | None) -> str | None:
    """Choose the data type of a column; None where there is none."""
    kind = (noted or {}).get(b"kind", b"").decode()
    if kind.endswith("png"):
        return "IMAGE_OBJECT"
    return "AUDIO_OBJECT" if kind.startswith("wav") else _COLUMNS.get(kind.removesuffix(" field"))


def _file(mlc: Any, path: Path, media_type: str) -> Any:
    """Describe a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return mlc.FileObject(
        id=path.name,
        name=path.name,
        content_url=path.name,
        content_size=f"{path.stat().st_size} B",
        encoding_formats=[media_type],
        sha256=digest.hexdigest(),
    )


def _sets(mlc: Any, account: Account, pattern: str, *, inside: Sequence[str]) -> list[Any]:
    """Describe the files of samples, by what their names end with."""
    endings = [*account.files, "json"]
    if inside and any(isinstance(label, int) for label in account.labels):
        endings.append("cls")
    return [
        mlc.FileSet(
            id=f"{ending}-files",
            name=f"{ending}-files",
            includes=[f"{pattern}.{ending}"],
            contained_in=list(inside),
            encoding_formats=[_MEDIA_TYPES[ending]],
        )
        for ending in sorted(endings)
    ]


def _media(mlc: Any, account: Account, label: str | None) -> list[Any]:
    """Describe what is in the files of samples, with the key of each, and the label where a table has it."""
    record_sets = []
    for ending, (name, kind) in _READABLE.items():
        if ending not in account.files:
            continue
        files = f"{ending}-files"
        key = _field(mlc, name, "key", "TEXT", file_set=files, file_property="filename")
        key.references = mlc.Source(field="samples/key")
        fields = [
            key,
            _field(mlc, name, "file", "TEXT", file_set=files, file_property="fullpath"),
            _field(mlc, name, "content", kind, file_set=files, file_property="content"),
        ]
        if label is not None:
            source = mlc.Source(field="samples/label")
            kinds = [getattr(mlc.DataType, label)]
            fields.append(
                mlc.Field(id=f"{name}/label", name="label", data_types=kinds, source=source)
            )
        record_sets.append(mlc.RecordSet(id=name, name=name, fields=fields))
    return record_sets


def _field(
    mlc: Any,
    record_set: str,
    name: str,
    kind: str,
    *,
    file_object: str | None = None,
    file_set: str | None = None,
    column: str | None = None,
    file_property: str | None = None,
) -> Any:
    """Describe a field and where it is read from."""
    transforms = []
    if file_property == "filename":
        transforms.append(mlc.Transform(regex=_KEY))
    if column is not None and kind in ("IMAGE_OBJECT", "AUDIO_OBJECT"):
        transforms.append(mlc.Transform(json_path="bytes"))
    extract = mlc.Extract(column=column) if column else mlc.Extract(file_property=file_property)
    source = mlc.Source(
        file_object=file_object, file_set=file_set, extract=extract, transforms=transforms
    )
    kinds = [getattr(mlc.DataType, kind)]
    id_ = f"{record_set}/{quote(name, safe='')}"
    return mlc.Field(id=id_, name=name, data_types=kinds, source=source)
