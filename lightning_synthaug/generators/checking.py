"""What a generator returned, compared with what it was asked for.

Nothing that a generator made reaches the store unchecked: a broken promise stops the filling with
both sides on aligned lines, while one bad sample (not a number) is turned into a rejection and made
again.
"""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import TYPE_CHECKING, Any, NoReturn, get_args

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.generators.request import Conditioning, Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators.base import Generator
    from lightning_synthaug.generators.request import Request

__all__ = ["check_batch", "check_generator", "checked_count"]

_Form = dict[str, tuple[np.dtype[Any] | type, int | tuple[int, ...] | None]]


def check_batch(
    generator: Generator,
    requests: Sequence[Request],
    results: Sequence[Record | Rejection],
    *,
    like: Record | None = None,
) -> list[Record | Rejection]:
    """Hold a generator to its contract for one batch.

    Args:
        generator: The one that made `results`.
        requests: What was asked.
        results: What came back.
        like: A record that the same generator made earlier in the run: fields, dtypes and shapes
            must be the same still. None at the first batch, whose first record is then the measure.

    Returns:
        The results in order, with each record that holds a value that is not finite replaced by a
        rejection.

    Raises:
        GeneratorContractBroken: Count, kind, fields, dtype, shape or label differ from what was
            asked, or this is no list.
    """
    if not isinstance(results, list | tuple):
        asked = f"a list of {len(requests)}"
        _broken(generator, "SA420", "one result for each request", asked, _kind(results))
    if len(results) != len(requests):
        _broken(generator, "SA420", "one result for each request", len(requests), len(results))
    checked: list[Record | Rejection] = []
    form = None if like is None else _form(generator, like)
    for request, result in zip(requests, results, strict=True):
        if isinstance(result, Rejection):
            if not isinstance(result.reason, str):
                got = f"Rejection({result.reason!r})"
                _broken(generator, "SA421", "rejections with a reason in words", "text", got)
            checked.append(result)
            continue
        _check_kind(generator, result)
        _check_label(generator, request, result)
        form = _form(generator, result) if form is None else form
        _check_fields(generator, result, form)
        checked.append(Rejection("holds a value that is not finite") if _bad(result) else result)
    return checked


def check_generator(generator: Generator) -> None:
    """Hold what a generator says of itself to its contract, before it is asked for anything.

    Args:
        generator: A generator, loaded or not.

    Raises:
        GeneratorContractBroken: `conditioning`, `batch_size`, `labels` or `fingerprint()` is something else than the
            contract allows (SA495).
    """
    conditioning, size, labels = generator.conditioning, generator.batch_size, generator.labels
    if conditioning not in get_args(Conditioning):
        _misdeclared(generator, "conditioning", "'none', 'class' or 'twin'", conditioning)
    if not _is_whole(size) or size < 1:
        _misdeclared(generator, "batch_size", "a whole number >= 1", size)
    if labels is not None and not (
        isinstance(labels, Iterable) and all(_is_whole(label) for label in labels)
    ):
        _misdeclared(generator, "labels", "a set of whole numbers, or None for any", labels)
    fingerprint = generator.fingerprint()
    if not isinstance(fingerprint, str) or not fingerprint:
        _misdeclared(generator, "fingerprint()", "a text that is not empty", fingerprint)


def checked_count(generator: Generator, label: int | None) -> int | None:
    """Ask a generator how many distinct samples there are.

    Args:
        generator: The generator.
        label: Of this label, or None for all together.

    Returns:
        The count, >= 0, or None when there is no end to them.

    Raises:
        GeneratorContractBroken: Its `count` returned something else (SA495).
    """
    count = generator.count(label)
    if count is not None and (not _is_whole(count) or count < 0):
        _misdeclared(generator, "count()", "a whole number >= 0, or None for no end", count)
    return count


def _is_whole(value: object) -> bool:
    """Tell whether this is a whole number, which True is not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def _misdeclared(generator: Generator, what: str, allowed: str, got: object) -> NoReturn:
    """Raise for what a generator says of itself."""
    raise GeneratorContractBroken(
        "SA495",
        f"`{what}` of the generator {_name(generator)} must be {allowed}, got {got!r}. Correct its class, and run the "
        "contract suite on it: docs, how-to, write a generator.",
    )


def _check_kind(generator: Generator, result: object) -> None:
    """Insist on a record, and on an image in it when images are promised."""
    if not isinstance(result, Record):
        _broken(generator, "SA421", "records or rejections", "Record or Rejection", _kind(result))
    if generator.modality == "image":
        image = result.get("image")
        if not isinstance(image, np.ndarray):
            _broken(generator, "SA421", "an image in each record", '"image"', sorted(result))
        if image.dtype not in (np.uint8, np.float32) or image.ndim not in (2, 3):
            asked = "uint8 or float32 of shape (rows, columns) or (rows, columns, channels)"
            _broken(generator, "SA423", "an image it can show", asked, _describe(image))
        if generator.shape is not None and image.shape != generator.shape:
            _broken(generator, "SA423", "its declared `shape`", generator.shape, image.shape)


def _check_label(generator: Generator, request: Request, result: Record) -> None:
    """Insist on the label that was asked for."""
    if generator.conditioning != "class" or request.label is None:
        return
    label = result.get("label")
    if isinstance(label, np.ndarray) and label.ndim == 0:
        label = label.item()
    if isinstance(label, bool) or not isinstance(label, int | np.integer) or label != request.label:
        _broken(generator, "SA422", "the label asked for", request.label, label)


def _check_fields(generator: Generator, result: Record, form: _Form) -> None:
    """Insist that records of one run have the same fields and dtypes and, unless declared, images of one shape."""
    mine = _form(generator, result)
    if mine == form:
        return
    if set(mine) != set(form):
        _broken(generator, "SA421", "the same fields in each record", sorted(form), sorted(mine))
    for field, got in mine.items():
        if got != form[field]:
            what = f'one form of "{field}" in a run'
            _broken(generator, "SA423", what, _write(form[field]), _write(got))


def _form(generator: Generator, record: Record) -> _Form:
    """Sum up what must stay the same of each value: its type, or its dtype with its dimensions or its shape.

    Boxes, points and the like may be of any number in each record.
    """
    strict = () if generator.variable_shape or generator.modality != "image" else ("image", "mask")
    return {
        field: (value.dtype, value.shape if field in strict else value.ndim)
        if isinstance(value, np.ndarray)
        else (type(value), None)
        for field, value in record.items()
    }


def _write(form: tuple[np.dtype[Any] | type, int | tuple[int, ...] | None]) -> str:
    """Write out the form of one value."""
    kind, shape = form
    if isinstance(kind, type):
        return kind.__name__
    return (
        f"{kind} of {shape} dimensions" if isinstance(shape, int) else f"{kind}{list(shape or ())}"
    )


def _describe(value: np.ndarray) -> str:
    """Write an array's dtype and shape."""
    return f"{value.dtype}{list(value.shape)}"


def _kind(value: object) -> str:
    """Write a value's class."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _bad(record: Record) -> bool:
    """Find a value that is not finite."""
    for value in record.values():
        if isinstance(value, float) and not np.isfinite(value):
            return True
        inexact = isinstance(value, np.ndarray) and value.dtype.kind in "fc"
        if inexact and not np.isfinite(value).all():
            return True
    return False


def _broken(generator: Generator, code: str, what: str, asked: object, got: object) -> NoReturn:
    """Raise, with both sides on aligned lines."""
    message = (
        f"Generator {_name(generator)} must return {what}.\n"
        f"  asked: {asked}\n"
        f"  got:   {got}\n"
        "Correct its `generate`, and run the contract suite on it: docs, how-to, write a generator."
    )
    raise GeneratorContractBroken(code, message)


def _name(generator: Generator) -> str:
    """Name a generator and its class."""
    name = generator.name or type(generator).__name__
    return f'"{name}" ({type(generator).__module__}:{type(generator).__qualname__})'
