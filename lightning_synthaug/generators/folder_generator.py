"""Synthetic images that already exist, as files in class folders."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import ConfigError, GeneratorError, MissingDependency
from lightning_synthaug.generators.base import Generator
from lightning_synthaug.generators.digest import canonical_digest, file_digest
from lightning_synthaug.generators.folder_listing import FolderListing, label_by_name, list_folder
from lightning_synthaug.generators.request import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators.request import Conditioning, Request

__all__ = ["FolderGenerator"]

_log = logging.getLogger(__name__)


@final
class FolderGenerator(Generator):
    """Serve images from a folder: one subfolder for each class, or images without labels directly inside.

    Request number `i` of a label is file `i` of its folder, files sorted by name. There are only
    `count(label)` files: a number beyond starts again at the first file, which is said once in the
    log, so that whoever plans a pool of distinct samples should ask `count` first. A second attempt
    at the same number would only bring the same file again; it is rejected, so that a sample that a
    gate turned down is not judged twice.

    Args:
        folder: The folder.
        class_names: Which label a subfolder stands for: names in the order of the labels 0, 1, ...,
            or a mapping from name to label, in which case other subfolders are left out. None:
            names that are all whole numbers are the labels; others, sorted, are 0, 1, ...
            (torchvision's `ImageFolder` numbers both by sorted text: "10" before "2").
        mode: `"L"` or `"RGB"` to convert every image; None keeps grey images as `(rows, columns)`
            and makes everything else `(rows, columns, 3)`; a folder must not hold both.
        name: What reports call it; by default the folder's name.
        licence: Licence of the images, for the provenance.
        source: Where they come from, for the provenance.

    Raises:
        ConfigError: `class_names` names something twice, or `mode` is another.

    Example:
        >>> FolderGenerator("faces", licence="CC0-1.0").name
        'faces'
    """

    version: ClassVar[int] = 2  # 2: turned as their EXIF orientation says
    variable_shape = True
    libraries = ("pillow",)

    def __init__(
        self,
        folder: str | Path,
        *,
        class_names: Sequence[str] | Mapping[str, int] | None = None,
        mode: Literal["L", "RGB"] | None = None,
        name: str | None = None,
        licence: str | None = None,
        source: str | None = None,
    ) -> None:
        self.folder = folder
        self.class_names = class_names
        self.mode = mode
        self.name = name or Path(folder).name
        self.licence = licence
        self.source = source
        self._label_of = label_by_name(class_names)
        self._listing: FolderListing | None = None
        self._wrapped = False
        self._first: tuple[str, int] | None = None
        if mode not in (None, "L", "RGB"):
            raise ConfigError(
                "SA432", f'`mode` must be "L", "RGB" or None, got {mode!r}. Choose one.'
            )

    @property
    def conditioning(self) -> Conditioning:  # type: ignore[override]  # read from disk when asked, not before
        """`"class"` with class folders, else `"none"`."""
        return "class" if self.labels is not None else "none"

    @property
    def labels(self) -> frozenset[int] | None:  # type: ignore[override]  # as above
        """Labels that there are files of, or None for a folder without classes."""
        files = self._list().files
        return None if None in files else frozenset(label for label in files if label is not None)

    def fingerprint(self) -> str:
        """Digest the content of all files, each read once per process for as long as it stays unchanged.

        Returns:
            32 hexadecimal digits; the same for a copy of the folder elsewhere.

        Raises:
            GeneratorError: The folder is missing or holds no images, or class folders are missing.
        """
        listing = self._list()
        content = {
            str(label): [[path.name, file_digest(path)] for path in paths]
            for label, paths in listing.files.items()
        }
        return canonical_digest(
            {"class": type(self).__name__, "files": content, "settings": self.settings()}
        )

    def label_names(self) -> Mapping[int, str] | None:
        """Name the class folders.

        Returns:
            Folder name by label; None for a folder without classes.
        """
        return self._list().names or None

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples.

        Returns:
            Names and plain JSON values.
        """
        return {"version": self.version, "mode": self.mode}

    def count(self, label: int | None = None) -> int | None:
        """Count the files.

        Args:
            label: Of this label, or None for all together.

        Returns:
            How many; 0 for a label without a folder.

        Raises:
            GeneratorError: The folder is missing or holds no images, or class folders are missing.
        """
        files = self._list().files
        if label is None or None in files:
            return sum(map(len, files.values()))
        return len(files.get(label, ()))

    def particulars(self, request: Request) -> dict[str, Any]:
        """Name the file of one sample.

        Args:
            request: What it was made for.

        Returns:
            `file`: its path within the folder.
        """
        files = self._list().files
        paths = files[None if None in files else request.label]
        file = paths[request.number % len(paths)].relative_to(self.folder)
        return {"file": file.as_posix()}

    def load(self, device: str = "cpu") -> None:
        """List the folder.

        Args:
            device: Ignored.

        Raises:
            GeneratorError: The folder is missing or holds no images, or class folders are missing.
            MissingDependency: Pillow is not installed.
        """
        super().load(device)
        self._listing = self._first = None
        self._list()
        _pillow()

    def unload(self) -> None:
        """Forget the listing."""
        super().unload()
        self._listing = None

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Read one file for each request.

        Args:
            requests: Label and number of each; the seed does not matter.

        Returns:
            One record for each request, in order; a rejection where a file cannot be read, or at a
            second attempt.

        Raises:
            GeneratorError: A label has no folder (SA414), or files are grey and in colour and
                `mode` is None (SA434).
        """
        return [self._serve(request) for request in requests]

    def _serve(self, request: Request) -> Record | Rejection:
        """Read the file of one request."""
        files = self._list().files
        label = None if None in files else request.label
        if label not in files:
            message = (
                f'Generator "{self.name}" must be asked for one of the labels '
                f"{sorted(self.labels or ())}, "
                f'got {request.label!r}. Add a class folder to "{self.folder}", or map names with '
                "`class_names`."
            )
            raise GeneratorError("SA414", message)
        if request.attempt > 0:
            return Rejection("a folder has only one file for each number")
        paths = files[label]
        if request.number >= len(paths) and not self._wrapped:
            self._wrapped = True
            _log.warning(
                "Generator %r holds %d images of label %r, and more are asked for: they are "
                "served again from the first.",
                self.name,
                len(paths),
                label,
            )
        image = _read(paths[request.number % len(paths)], self.mode)
        if isinstance(image, Rejection):
            return image
        self._check_alike(paths[request.number % len(paths)].name, image.ndim)
        return Record({"image": image} if label is None else {"image": image, "label": label})

    def _check_alike(self, file: str, dimensions: int) -> None:
        """Refuse grey files among coloured ones: no batch can hold both."""
        self._first = first = self._first or (file, dimensions)
        if first[1] != dimensions:
            grey, coloured = (first[0], file) if first[1] == 2 else (file, first[0])
            message = (
                f'Images of "{self.folder}" must be all grey or all in colour, got "{grey}" in grey '
                f'and "{coloured}" in colour. Convert them: mode="RGB", or mode="L".'
            )
            raise GeneratorError("SA434", message)

    def _list(self) -> FolderListing:
        """List the files once."""
        if self._listing is None:
            self._listing = list_folder(Path(self.folder), self._label_of)
        return self._listing


def _read(path: Path, mode: str | None) -> np.ndarray | Rejection:
    """Read one image as uint8; a damaged file is one lost sample, not the end."""
    image_module = _pillow()
    from PIL import ImageOps

    try:
        with image_module.open(path) as file:
            if file.mode.startswith(("I", "F")):
                return Rejection(f"{path.name} has more than 8 bits a channel")
            keep = "L" if file.mode in ("1", "L", "LA") else "RGB"
            pixels = np.asarray(ImageOps.exif_transpose(file).convert(mode or keep), np.uint8)
    except (OSError, SyntaxError, ValueError, image_module.DecompressionBombError) as error:
        return Rejection(f"{path.name} cannot be read: {type(error).__name__}")
    return pixels


def _pillow() -> Any:
    """Import Pillow, or say how to get it."""
    try:
        from PIL import Image
    except ImportError as error:
        message = (
            "`FolderGenerator` must have Pillow to read images, got no such module. "
            "Install it: pip install pillow."
        )
        raise MissingDependency("SA433", message) from error
    return Image
