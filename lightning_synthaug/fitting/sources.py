"""Where the command line finds samples and labels: class folders, arrays in a file, or the user's own code."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NoReturn, final

import numpy as np

from lightning_synthaug.data import adapt, find_labels
from lightning_synthaug.data.layout import is_channels_first
from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import DataError, SynthAugError
from lightning_synthaug.generators.folder_generator import FolderGenerator
from lightning_synthaug.generators.folder_listing import label_by_name, list_folder
from lightning_synthaug.generators.request import Request
from lightning_synthaug.generators.torch_network import import_object
from lightning_synthaug.transforms.sounds.files import ENDINGS, soundfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Source", "call_code", "read_source", "reason_of"]


#: For each modality the arrays in a file, and the fields of a record.
_ARRAYS: Final = {"image": ("images", "labels"), "audio": ("sounds", "labels", "rate")}
_FIELDS: Final = {"image": ("image",), "audio": ("audio", "rate")}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Images or sounds, and labels, as they were found.

    Attributes:
        samples: Images of shape `(n, rows, columns)` or `(n, rows, columns, channels)`; or sounds, which may be of
            several lengths.
        labels: Integers, shape `(n,)`.
        class_names: Names in the order of the labels where folders gave them, else None.
        rate: Sampling rate of sounds, else None. Hertz.
    """

    samples: Any
    labels: NDArray[Any]
    class_names: list[str] | None = None
    rate: int | None = None


def read_source(
    what: str,
    *,
    class_names: Sequence[str] | None = None,
    modality: Literal["image", "audio"] = "image",
) -> Source:
    """Read what `--data` names.

    Args:
        what: A folder of class subfolders, a `.npz` file, or an import path `"module:name"`.
        class_names: For a folder: subfolders in the order of the labels; None: all of them,
            numbered as `FolderGenerator` does.
        modality: What there is.

    Returns:
        Samples and labels.

    Raises:
        DataError: Nothing usable is there.
        GeneratorError: The folder holds no such files, or lacks a class named.
        MissingDependency: A library that reads the files is not installed.
    """
    path = Path(what)
    if path.is_dir():
        read = _read_folder if modality == "image" else _read_sounds
        return read(path, class_names)
    if path.suffix == ".npz" and not path.exists():
        raise DataError("SA446", f'`--data` must exist, got "{what}". Correct the path.')
    if path.suffix == ".npz":
        return _read_arrays(path, modality)
    if ":" not in what or path.exists():
        _wrong(what, "a file of another kind" if path.exists() else "nothing of that name")
    return _read_code(what, modality)


def _read_folder(folder: Path, class_names: Sequence[str] | None) -> Source:
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
    if len(shapes) > 1:
        _wrong(
            str(folder), f"images of {len(shapes)} shapes, {shapes[0]} and {shapes[1]} among them"
        )
    names = files.label_names() or {}
    chosen = [names[label] for label in labels]
    return Source(np.stack(images), np.asarray(marks, np.int64), chosen)


def _read_sounds(folder: Path, class_names: Sequence[str] | None) -> Source:
    """Read all files of sound of all class folders, all channels as one."""
    listing = list_folder(folder, label_by_name(class_names), endings=ENDINGS)
    labels = sorted(label for label in listing.files if label is not None)
    if not labels:
        _wrong(str(folder), "sounds without class subfolders")
    sounds, marks, rates = [], [], set()
    for label in labels:
        for path in listing.files[label]:
            try:
                sound, rate = soundfile().read(path, dtype="float32", always_2d=True)
            except RuntimeError as error:
                _wrong(str(folder), f"a file that is no sound ({error})", error)
            sounds.append(sound.mean(axis=1))
            marks.append(label)
            rates.add(rate)
    chosen = [listing.names[label] for label in labels]
    return Source(sounds, np.asarray(marks, np.int64), chosen, _only(rates, str(folder)))


def _only(rates: set[Any], what: str) -> int:
    """Insist on one rate."""
    if len(rates) != 1:
        _wrong(what, f"sounds of the rates {sorted(rates)}")
    return int(rates.pop())


def _form(parts: Sequence[Any], modality: str) -> Source:
    """Put arrays together, in the order of `_ARRAYS`."""
    if modality == "image":
        return Source(_channels_last(np.asarray(parts[0])), np.asarray(parts[1]))
    return Source(parts[0], np.asarray(parts[1]), rate=int(parts[2]))


def _read_arrays(path: Path, modality: str) -> Source:
    """Read a file of arrays; pickled objects in it are refused."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return _form([arrays[name] for name in _ARRAYS[modality]], modality)
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


def _read_code(path: str, modality: str) -> Source:
    """Import and call the user's code."""
    try:
        content = call_code(path)
    except Exception as error:  # the user's own code may raise anything; the cause is kept
        raise DataError(
            "SA446",
            f'`--data` must name code that runs, got "{path}": {reason_of(error)} Correct the path or the code.',
        ) from error
    if isinstance(content, tuple) and len(content) == len(_ARRAYS[modality]):
        return _form(content, modality)
    try:
        adapter = adapt(content)
        records = [adapter.record(index) for index in range(len(adapter))]
        samples, *rates = zip(*([r[f] for f in _FIELDS[modality]] for r in records), strict=True)
        labels = find_labels(content).codes
        if modality == "image":
            return Source(np.stack(samples), labels)
        return Source(samples, labels, rate=_only(set(*rates), path))
    except (DataError, TypeError, ValueError, KeyError, IndexError) as error:
        _wrong(path, f"{type(content).__name__} ({error})", error)


def _channels_last(images: NDArray[Any]) -> NDArray[Any]:
    """Move the channels of all images last where they are first without doubt."""
    return np.moveaxis(images, 1, -1) if is_channels_first(images.shape[1:]) else images


def _wrong(what: str, got: str, cause: Exception | None = None) -> NoReturn:
    """Say what `--data` may be."""
    message = (
        "`--data` must be a folder of class subfolders with images of one size (of sounds: of one rate), a .npz file "
        'with `images` and `labels` (`sounds`, `labels` and `rate`), or an import path "module:name" of such data, got '
        f'{got} at "{what}". Convert the data, or write a function that returns a dataset of samples with labels, or '
        "(images, labels), or (sounds, labels, rate)."
    )
    raise DataError("SA446", message) from cause
