"""Where the command line finds images and labels: class folders, arrays in a file, or the user's own code."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, final

import numpy as np

from lightning_synthaug.data import adapt, find_labels
from lightning_synthaug.data.layout import is_channels_first
from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import DataError, SynthAugError
from lightning_synthaug.generators.folder_generator import FolderGenerator
from lightning_synthaug.generators.request import Request
from lightning_synthaug.generators.torch_network import import_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CONVERT = "Convert the data, or write a function that returns a dataset of images with labels, or (images, labels)."

__all__ = ["Source", "call_code", "read_source", "reason_of"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Images and labels as they were found.

    Attributes:
        images: Shape `(n, rows, columns)` or `(n, rows, columns, channels)`; a list where sizes may differ.
        labels: Integers, shape `(n,)`.
        class_names: Names in the order of the labels where folders gave them, else None.
    """

    images: NDArray[Any] | list[Any]
    labels: NDArray[Any]
    class_names: list[str] | None = None


def read_source(
    what: str, *, class_names: Sequence[str] | None = None, sized: bool = False
) -> Source:
    """Read what `--data` names.

    Args:
        what: A folder of class subfolders, a `.npz` file, or an import path `"module:name"`.
        class_names: For a folder: subfolders in the order of the labels; None: all of them,
            numbered as `FolderGenerator` does.
        sized: Whether images may differ in size, since they will be scaled.

    Returns:
        Images and labels.

    Raises:
        DataError: Nothing usable is there.
        GeneratorError: The folder holds no images, or lacks a class named.
    """
    path = Path(what)
    if path.is_dir():
        return _read_folder(path, class_names, sized)
    if path.suffix == ".npz" and not path.exists():
        raise DataError("SA446", f'`--data` must exist, got "{what}". Correct the path.')
    if path.suffix == ".npz":
        return _read_arrays(path)
    if ":" not in what or path.exists():
        _wrong(what, "a file of another kind" if path.exists() else "nothing of that name")
    return _read_code(what, sized)


def _read_folder(folder: Path, class_names: Sequence[str] | None, sized: bool) -> Source:
    """Read all images of all class folders."""
    files = FolderGenerator(folder, class_names=class_names)
    labels = sorted(files.labels or ())
    if not labels:
        _wrong(str(folder), "images without class subfolders")
    images, marks = [], []
    for label in labels:
        for number in range(files.count(label) or 0):
            (record,) = files.generate([Request(label=label, number=number)])
            if not isinstance(record, Record):
                _wrong(str(folder), f"a file that is no image ({record.reason})")
            images.append(record["image"])
            marks.append(label)
    shapes = sorted({np.shape(image) for image in images})
    if len(shapes) > 1 and not sized:
        several = f"images of {len(shapes)} shapes, {shapes[0]} and {shapes[1]} among them"
        _wrong(str(folder), several, todo="Bring them to one size: --size 64.")
    names = files.label_names() or {}
    chosen = [names[label] for label in labels]
    return Source(images if sized else np.stack(images), np.asarray(marks, np.int64), chosen)


def _read_arrays(path: Path) -> Source:
    """Read a file of arrays; pickled objects in it are refused."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Source(_channels_last(arrays["images"]), arrays["labels"])
    except KeyError as error:
        _wrong(str(path), f"a file without them ({error.args[0]})", error)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        # NumPy advises to allow pickles, for what is no archive, too: reading one runs code.
        _wrong(str(path), "no archive of plain arrays", error)


def call_code(path: str) -> Any:
    """Import the user's code; modules in the current folder are found, as with `python -m`.

    Args:
        path: Import path `"module:name"`.

    Returns:
        What it names, or what that returns where it can be called.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    found = import_object(path)
    return found() if callable(found) else found


def reason_of(error: Exception) -> str:
    """Say what the user's own code raised.

    Args:
        error: Anything.

    Returns:
        Its message, with its kind where it is not one of this package's errors.
    """
    return error.message if isinstance(error, SynthAugError) else f"{type(error).__name__}: {error}"


def _read_code(path: str, sized: bool) -> Source:
    """Import and call the user's code."""
    try:
        content = call_code(path)
    except Exception as error:  # the user's own code may raise anything; the cause is kept
        raise DataError(
            "SA446",
            f'`--data` must name code that runs, got "{path}": {reason_of(error)} Correct the path or the code.',
        ) from error
    if isinstance(content, tuple) and len(content) == 2:
        return Source(_channels_last(np.asarray(content[0])), np.asarray(content[1]))
    try:
        adapter = adapt(content)
        images = [adapter.record(index)["image"] for index in range(len(adapter))]
        return Source(images if sized else np.stack(images), find_labels(content).codes)
    except (DataError, TypeError, ValueError, KeyError, IndexError) as error:
        _wrong(path, f"{type(content).__name__} ({error})", error)


def _channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Move the channels of all images last where they are first without doubt."""
    return np.moveaxis(images, 1, -1) if is_channels_first(images.shape[1:]) else images


def _wrong(
    what: str,
    got: str,
    cause: Exception | None = None,
    *,
    todo: str = _CONVERT,
) -> NoReturn:
    """Say what `--data` may be."""
    message = (
        "`--data` must be a folder of class subfolders with images of one size, a .npz file with "
        f'`images` and `labels`, or an import path "module:name" of such data, got {got} at "{what}". {todo}'
    )
    raise DataError("SA446", message) from cause
