"""Where the command line finds sounds and labels: class folders, arrays in a file, or the user's own code."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, final

import numpy as np

from lightning_synthaug.data import adapt, find_labels
from lightning_synthaug.errors import DataError
from lightning_synthaug.fitting.sources import call_code, reason_of
from lightning_synthaug.generators.folder_listing import label_by_name, list_folder
from lightning_synthaug.transforms.sounds.files import ENDINGS, soundfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["SoundSource", "read_sounds"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class SoundSource:
    """Sounds and labels as they were found.

    Attributes:
        sounds: The sounds, which may be of several lengths.
        labels: Integers, shape `(n,)`.
        rate: Sampling rate of all. Hertz.
        class_names: Names in the order of the labels where folders gave them, else None.
    """

    sounds: Any
    labels: NDArray[Any]
    rate: int
    class_names: list[str] | None = None


def read_sounds(what: str, *, class_names: Sequence[str] | None = None) -> SoundSource:
    """Read what `--data` names.

    Args:
        what: A folder of class subfolders, a `.npz` file, or an import path `"module:name"`.
        class_names: For a folder: subfolders in the order of the labels; None: all of them.

    Returns:
        Sounds, labels and rate.

    Raises:
        DataError: Nothing usable is there, or rates differ (SA446).
        GeneratorError: The folder holds no sounds, or lacks a class named.
        MissingDependency: The library that reads the files is not installed (SA833).
    """
    path = Path(what)
    if path.is_dir():
        return _read_folder(path, class_names)
    if path.suffix == ".npz" and path.exists():
        return _read_arrays(path)
    if ":" not in what or path.exists():
        _wrong(what, "a file of another kind" if path.exists() else "nothing of that name")
    return _read_code(what)


def _read_folder(folder: Path, class_names: Sequence[str] | None) -> SoundSource:
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
    names = [listing.names[label] for label in labels]
    return SoundSource(sounds, np.asarray(marks, np.int64), _only(rates, str(folder)), names)


def _read_arrays(path: Path) -> SoundSource:
    """Read a file of arrays; pickled objects in it are refused."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return SoundSource(arrays["sounds"], arrays["labels"], int(arrays["rate"]))
    except KeyError as error:
        _wrong(str(path), f"a file without them ({error.args[0]})", error)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        _wrong(str(path), "no archive of plain arrays", error)


def _read_code(path: str) -> SoundSource:
    """Import and call the user's code."""
    try:
        content = call_code(path)
    except Exception as error:  # the user's own code may raise anything; the cause is kept
        _wrong(path, f"code that does not run ({reason_of(error)})", error)
    if isinstance(content, tuple) and len(content) == 3:
        return SoundSource(content[0], np.asarray(content[1]), int(content[2]))
    try:
        adapter = adapt(content)
        records = [adapter.record(index) for index in range(len(adapter))]
        sounds, rates = [r["audio"] for r in records], {r["rate"] for r in records}
        return SoundSource(sounds, find_labels(content).codes, _only(rates, path))
    except (TypeError, ValueError, KeyError, IndexError) as error:
        _wrong(path, f"{type(content).__name__} ({error})", error)


def _only(rates: set[Any], what: str) -> int:
    """Insist on one rate."""
    if len(rates) != 1:
        _wrong(what, f"sounds of the rates {sorted(rates)}")
    return int(rates.pop())


def _wrong(what: str, got: str, cause: Exception | None = None) -> NoReturn:
    """Say what `--data` may be."""
    message = (
        "`--data` must be a folder of class subfolders with sounds of one rate, a .npz file with `sounds`, `labels` "
        f'and `rate`, or an import path "module:name" of such data, got {got} at "{what}". Convert the data, or write '
        "a function that returns a dataset of (waveform, rate, label), or (sounds, labels, rate)."
    )
    raise DataError("SA446", message) from cause
