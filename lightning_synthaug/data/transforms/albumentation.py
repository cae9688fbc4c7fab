"""Transforms of the albumentations library."""

from __future__ import annotations

import hashlib
import random
import struct
import sys
from contextlib import nullcontext
from typing import Any, final

import numpy as np
import numpy.typing as npt

from lightning_synthaug.data.record import Record
from lightning_synthaug.data.transforms.base import (
    MOVED,
    POINTS,
    SampleTransform,
    called,
    check_axes,
    checked_array,
)
from lightning_synthaug.data.transforms.globals import seeded_globals
from lightning_synthaug.errors import DataError

__all__ = ["AlbumentationsTransform"]


@final
class AlbumentationsTransform(SampleTransform):
    """Run an albumentations transform on a record's image, and on what lies on the image.

    Masks (`"mask"`, `"masks"`) and the pipeline's `additional_targets` are moved with the image. Boxes
    (`"bboxes"`) and points (`"keypoints"`) are where the pipeline says how they are written, by `bbox_params=`
    and `keypoint_params=`, and their `label_fields` keep to them: what leaves the image is dropped from all.

    The library's `set_random_seed` makes two new generators for every transform in the pipeline
    (127 us measured for a pipeline of four, one of them a choice of two). Here the pipeline shares
    one pair, which is put into the state that the seed asks for (11 us on the same machine), and
    the result depends on the seed alone. A pipeline with code of the user's (`Lambda`, classes of
    their own) also finds the global random states seeded, which are put back afterwards. OpenCV's
    own generator, which some noise of the library comes from, is seeded too; OpenCV has no way to
    read its state, so that it is not put back.

    Args:
        transform: Anything with `set_random_state`, called with fields by name. Its random state is taken over.
        p: Probability that a record is transformed at all. Fraction in [0, 1].
    """

    def __init__(self, transform: Any, *, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.transform = transform
        self._bits = np.random.PCG64(0)
        self._numpy = np.random.Generator(self._bits)
        self._python = random.Random(0)
        self._users_code = _has_users_code(transform)

    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        """Call the pipeline with the image and what moves with it."""
        points = self._points(record)
        more = getattr(self.transform, "additional_targets", None) or ()
        names = ("image", *MOVED, *more, *points)
        given = {name: record[name] for name in names if name in record}
        arrays = {name: value for name, value in given.items() if isinstance(value, np.ndarray)}
        if "image" not in arrays:
            msg = (
                f"An albumentations transform needs the field 'image', got {record!r}. Pass "
                "`transform=` only for images, or a function of your own."
            )
            raise DataError("SA212", msg)
        check_axes(arrays["image"], self.transform)
        self._seed(seed)
        # Copies: some transforms write into what they are given, and records are read-only.
        copies = {name: np.array(value) for name, value in arrays.items()}
        with seeded_globals(seed) if self._users_code else nullcontext():
            result = self.transform(**copies)
        return {
            name: checked_array(
                name,
                _as_given(result[name], value) if name in points else result[name],
                value,
                self.transform,
            )
            for name, value in arrays.items()
        }

    def _points(self, record: Record) -> tuple[str, ...]:
        """List the fields of boxes and points and of what belongs to each, as the pipeline declares them."""
        # Only `Compose` reads and writes them; a transform that is a part of one merely knows of them.
        composed = hasattr(self.transform, "preprocess")
        declared = self.transform.processors if composed else {}
        undeclared = next(
            (name for name in POINTS if name in record and name not in declared), None
        )
        names = tuple(
            name
            for key, each in declared.items()
            for name in (key, *(each.params.label_fields or ()))
        )
        missing = [name for name in names if not isinstance(record.get(name), np.ndarray)]
        if undeclared is None and not missing:
            return names
        # Left to itself, the library would drop boxes that it takes for fractions of the image, or stop at a name.
        what = (
            f"say how {undeclared!r} are written"
            if undeclared
            else f"find its fields {missing} as arrays"
        )
        msg = (
            f"An albumentations transform must {what}, got {called(self.transform)} for {record!r}. Pass "
            "albumentations.Compose([...], bbox_params=..., keypoint_params=...), whose `label_fields` all records "
            "have."
        )
        raise DataError("SA212", msg)

    def _seed(self, seed: int) -> None:
        """Put all randomness of the pipeline into the state that belongs to a seed."""
        words = struct.unpack(
            "<4Q", hashlib.blake2b(struct.pack("<Q", seed), digest_size=32).digest()
        )
        self._bits.state = {
            "bit_generator": "PCG64",
            "state": {"state": words[0] << 64 | words[1], "inc": words[2] << 64 | words[3] | 1},
            "has_uint32": 0,
            "uinteger": 0,
        }
        self._python.seed(words[0])
        # Each time: someone else may have set the pipeline's state in between.
        self.transform.set_random_state(self._numpy, self._python)
        cv2 = sys.modules.get("cv2")
        if cv2 is not None:  # some of its noise comes from OpenCV's own generator
            cv2.setRNGSeed(words[1] & 0x7FFFFFFF)


def _as_given(result: Any, given: npt.NDArray[Any]) -> Any:
    """Undo what the library does to boxes and labels: other floats, and lists where nothing is left."""
    both_real = isinstance(result, np.ndarray) and result.dtype.kind == given.dtype.kind == "f"
    return np.asarray(result, given.dtype) if both_real or isinstance(result, list) else result


def _has_users_code(transform: Any) -> bool:
    """Tell whether a pipeline holds functions or classes that are not the library's."""
    kind = type(transform)
    foreign = not kind.__module__.startswith("albumentations.") or kind.__name__ == "Lambda"
    return foreign or any(map(_has_users_code, getattr(transform, "transforms", None) or ()))
