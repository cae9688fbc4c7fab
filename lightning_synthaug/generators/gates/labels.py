"""The label that a sample is to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.request import Request

__all__ = ["label_of"]


def label_of(request: Request, record: Record) -> int | None:
    """Tell which label a sample is to show.

    Args:
        request: What was asked for.
        record: The sample.

    Returns:
        The label asked for; else that of the twin; else what the sample says of itself, if it does.

    Example:
        >>> from lightning_synthaug.data import Record
        >>> from lightning_synthaug.generators.request import Request
        >>> label_of(Request(None, 0), Record({"label": 3})), label_of(Request(7, 0), Record({"x": 1}))
        (3, 7)
    """
    if request.label is not None:
        return request.label
    told = (record if request.twin is None else request.twin).get("label")
    return told if isinstance(told, int) else None
