"""Transforms that are plain functions, or torch modules."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from lightning_synthaug.data.record import Record, Value
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
from lightning_synthaug.plan.seeding import child_seed

__all__ = ["FunctionTransform", "ModuleTransform"]

_FIELDS = ("image", "text", "audio")
_SOUND_FIRST = ("audio", "image")


@final
class FunctionTransform(SampleTransform):
    """Call a function with the image of a record (else its text, else its audio).

    Args:
        transform: `function(image, rng=generator)` when `takes_rng`, else `function(image)`, for
            which the global random states are seeded and restored afterwards.
        takes_rng: Whether the function wants a `numpy.random.Generator` as `rng`; it is the faster
            way.
        takes_mask: Whether the function wants the record's mask as `mask` and returns both.
        takes_rate: Whether the function is for sounds, and wants the record's rate as `rate` where there is one.
        p: Probability that a record is transformed at all. Fraction in [0, 1].
    """

    def __init__(
        self,
        transform: Callable[..., Any],
        *,
        takes_rng: bool = False,
        takes_mask: bool = False,
        takes_rate: bool = False,
        p: float = 1.0,
    ) -> None:
        super().__init__(p=p)
        self.transform = transform
        self.takes_rng = takes_rng
        self.takes_mask = takes_mask
        self.takes_rate = takes_rate

    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        """Call the function with the first field that it can be for."""
        name, value = _subject(record, _SOUND_FIRST if self.takes_rate else _FIELDS)
        given = np.array(value) if isinstance(value, np.ndarray) else value
        named: dict[str, Any] = {}
        mask = record.get("mask")
        if self.takes_mask and isinstance(mask, np.ndarray):
            named["mask"] = np.array(mask)
        if name == "image":
            _refuse_moved(record, self.transform, but="mask" if named else "")
        if self.takes_rate and "rate" in record:
            named["rate"] = record["rate"]
        if self.takes_rng:
            named["rng"] = np.random.Generator(np.random.PCG64(child_seed(seed, "rng")))
            result = self.transform(given, **named)
        else:
            with seeded_globals(seed):
                result = self.transform(given, **named)
        if "mask" in named and isinstance(value, np.ndarray) and isinstance(mask, np.ndarray):
            both = result if isinstance(result, tuple) and len(result) == 2 else (result, None)
            return {
                key: checked_array(key, part, old, self.transform)
                for key, part, old in zip((name, "mask"), both, (value, mask), strict=True)
            }
        if isinstance(value, np.ndarray):
            return {name: checked_array(name, result, value, self.transform)}
        if type(result) is type(value):
            return {name: result}
        msg = (
            f"A transform must return {name!r} as {type(value).__name__}, got "
            f"{type(result).__name__} from {called(self.transform)}. Return the changed value "
            "itself."
        )
        raise DataError("SA212", msg)


@final
class ModuleTransform(SampleTransform):
    """Call a torch module or torchvision transform with the image as a tensor.

    The image goes in as `(C, H, W)`, the form these work on, and comes back as `(H, W[, C])`. Where there is
    none, the record's audio goes in as it is. The global random states are seeded for the call and restored afterwards.

    Args:
        transform: `module(tensor) -> tensor` on the CPU.
        p: Probability that a record is transformed at all. Fraction in [0, 1].
    """

    def __init__(self, transform: Callable[[Any], Any], *, p: float = 1.0) -> None:
        super().__init__(p=p)
        self.transform = transform

    def fields(self, record: Record, seed: int) -> dict[str, Any]:
        """Call the module with the image as a tensor."""
        value = record.get("image")
        torch = sys.modules.get("torch")
        sound = record.get("audio") if value is None else None
        if isinstance(sound, np.ndarray) and torch is not None:
            with seeded_globals(seed):
                result = self.transform(torch.from_numpy(np.array(sound)))
            if isinstance(result, torch.Tensor):
                result = result.detach().cpu().numpy()
            return {"audio": checked_array("audio", result, sound, self.transform)}
        if not isinstance(value, np.ndarray) or value.ndim not in (2, 3) or torch is None:
            msg = (
                f"A torch transform needs an 'image' (H, W[, C]) or 'audio', got {record!r}. Pass a function "
                "of your own."
            )
            raise DataError("SA212", msg)
        _refuse_moved(record, self.transform)
        check_axes(value, self.transform)
        planes = value[None] if value.ndim == 2 else np.moveaxis(value, 2, 0)
        with seeded_globals(seed):
            result = self.transform(torch.from_numpy(np.array(planes, order="C")))
        if (
            isinstance(result, torch.Tensor)
            and result.ndim in (3, 4)
            and result.shape[:-3] in ((), (1,))
        ):
            array = (
                result.detach().reshape(result.shape[-3:]).cpu().numpy()
            )  # kornia makes a batch of one
            result = np.array(array[0] if value.ndim == 2 else np.moveaxis(array, 0, 2), order="C")
        return {"image": checked_array("image", result, value, self.transform)}


def _refuse_moved(record: Record, transform: object, *, but: str = "") -> None:
    """Do not move an image under its mask, nor under boxes and points."""
    left = [name for name in (*MOVED, *POINTS) if name in record and name != but]
    if left:
        msg = (
            f"A transform must change an image and its {left} alike, got one that does not, "
            f"{called(transform)}, for {record!r}. Pass an albumentations transform or, for an image with one "
            "mask, a function of (image, mask) that returns both."
        )
        raise DataError("SA212", msg)


def _subject(record: Record, fields: Sequence[str]) -> tuple[str, Value]:
    """Choose the field that a function is called with."""
    name = next((name for name in fields if name in record), None)
    if name is not None:
        return name, record[name]
    msg = (
        f"A transform needs one of the fields {fields}, got {record!r}. Name the field to be "
        "changed so."
    )
    raise DataError("SA212", msg)
