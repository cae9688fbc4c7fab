"""What a generator returned, compared with what it was asked for.

Nothing that a generator made reaches the store unchecked: a broken promise stops the filling with
both sides on aligned lines, while one bad sample (not a number) is turned into a rejection and made
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.generators.request import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators.base import Generator
    from lightning_synthaug.generators.request import Request

__all__ = ["check_batch"]

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
            asked.
    """
    if len(results) != len(requests):
        _broken(generator, "SA420", "one result for each request", len(requests), len(results))
    checked: list[Record | Rejection] = []
    form = None if like is None else _form(generator, like)
    for request, result in zip(requests, results, strict=True):
        if isinstance(result, Rejection):
            checked.append(result)
            continue
        _check_kind(generator, result)
        _check_label(generator, request, result)
        form = _form(generator, result) if form is None else form
        _check_fields(generator, result, form)
        checked.append(Rejection("holds a value that is not finite") if _bad(result) else result)
    return checked


def _check_kind(generator: Generator, result: object) -> None:
    """Insist on a record, and on an image in it when images are promised."""
    if not isinstance(result, Record):
        kind = f"{type(result).__module__}.{type(result).__qualname__}"
        _broken(generator, "SA421", "records or rejections", "Record or Rejection", kind)
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
    name = generator.name or type(generator).__name__
    kind = f"{type(generator).__module__}:{type(generator).__qualname__}"
    message = (
        f'Generator "{name}" ({kind}) must return {what}.\n'
        f"  asked: {asked}\n"
        f"  got:   {got}\n"
        "Correct its `generate`, and run the contract suite on it: docs, how-to, write a generator."
    )
    raise GeneratorContractBroken(code, message)
