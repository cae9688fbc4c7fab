"""Finding images or sounds in a folder: which files there are, and which label each subfolder stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from lightning_synthaug.errors import ConfigError, GeneratorError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["IMAGES", "FolderListing", "label_by_name", "list_folder"]

IMAGES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}
)
"""How names of files of images end."""


@final
@dataclass(frozen=True, slots=True)
class FolderListing:
    """What was found.

    Attributes:
        files: Sorted files by label; the only key is None where there are no classes.
        names: Name of the subfolder by label; empty where there are no classes.
    """

    files: dict[int | None, list[Path]]
    names: dict[int, str]


def label_by_name(class_names: Sequence[str] | Mapping[str, int] | None) -> dict[str, int] | None:
    """Map names to labels, each used once.

    Args:
        class_names: Names in the order of the labels, or a mapping from name to label, or None.

    Returns:
        Label by name; None where every subfolder is a class.

    Raises:
        ConfigError: A name or label is used twice, a label is no whole number, or one string was
            given instead of several.

    Example:
        >>> label_by_name(["dog", "cat"])
        {'dog': 0, 'cat': 1}
    """
    if class_names is None:
        return None
    if isinstance(class_names, str):
        raise ConfigError(
            "SA431",
            f"`class_names` must be several names, got {class_names!r}. Put it into a list.",
        )
    pairs = (
        list(class_names.items())
        if isinstance(class_names, Mapping)
        else [(name, label) for label, name in enumerate(class_names)]
    )
    label_of = dict(pairs)
    odd = [
        v for v in label_of.values() if isinstance(v, bool) or not isinstance(v, int | np.integer)
    ]
    if odd:
        raise ConfigError(
            "SA431",
            f"`class_names` must give each name a whole number, got {odd[0]!r} in {class_names!r}. "
            "Write {name: label}, for example {'cat': 0}.",
        )
    if len(label_of) < len(pairs) or len(set(label_of.values())) < len(pairs):
        raise ConfigError(
            "SA431",
            f"`class_names` must name each class and label once, got {class_names!r}. Remove the "
            "repetition.",
        )
    return {name: int(label) for name, label in label_of.items()}


def list_folder(
    folder: Path, label_of: dict[str, int] | None, *, endings: Collection[str] = IMAGES
) -> FolderListing:
    """Find the images, or other files, in class folders or without classes.

    Args:
        folder: The folder.
        label_of: Which subfolders are classes, and their labels. None: all whose names do not begin
            with a dot or an underscore; names that are all whole numbers are the labels, others
            get 0, 1, ... in sorted order.
        endings: How names of the files wanted end, in lower case.

    Returns:
        The files.

    Raises:
        GeneratorError: The folder is missing or holds no such files, or some both directly and in
            class folders (SA430), or a class folder is missing (SA431).
    """
    if not folder.is_dir():
        raise GeneratorError(
            "SA430", f'`folder` must be an existing folder, got "{folder}". Correct the path.'
        )
    classes = sorted(
        path.name for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"
    )
    files: dict[int | None, list[Path]]
    names: dict[int, str] = {}
    if not classes and label_of is None:
        files = {None: _files(folder, endings)}
    else:
        if label_of is None:
            _refuse_mixture(folder, classes, endings)
            label_of = _numbered(classes)
        missing = sorted(set(label_of) - set(classes))
        if missing:
            message = (
                f'`class_names` must name subfolders of "{folder}", got {missing} besides '
                f"{classes}. "
                "Correct the names, or leave them out."
            )
            raise GeneratorError("SA431", message)
        files = {label: _files(folder / name, endings) for name, label in label_of.items()}
        files = {label: paths for label, paths in files.items() if paths}
        names = {label: name for name, label in label_of.items()}
    if not any(files.values()):
        message = (
            f"`folder` must hold files ({', '.join(sorted(endings))}), directly or in class "
            "folders, "
            f'got none in "{folder}". Correct the path.'
        )
        raise GeneratorError("SA430", message)
    return FolderListing(files, names)


def _numbered(classes: list[str]) -> dict[str, int]:
    """Give class folders their labels: the number that each name is, else its place."""
    # As text, "10" comes before "2", and folders 3 and 7 would become labels 0 and 1.
    if all(name.isdecimal() and str(int(name)) == name for name in classes):
        return {name: int(name) for name in sorted(classes, key=int)}
    return {name: label for label, name in enumerate(classes)}


def _refuse_mixture(folder: Path, classes: list[str], endings: Collection[str]) -> None:
    """Do not guess whether files beside class folders belong to the samples."""
    loose = _files(folder, endings)
    if loose:
        message = (
            "`folder` must hold files either directly or in class folders, got "
            f'{len(loose)} such as "{loose[0].name}" beside the folders {classes[:10]} in '
            f'"{folder}". Move one of them away, or name the class folders: class_names=[...].'
        )
        raise GeneratorError("SA430", message)


def _files(folder: Path, endings: Collection[str]) -> list[Path]:
    """List files by name, without those that the file system hides on other machines."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in endings)
    return sorted(path for path in found if path.is_file() and path.name[0] != ".")
