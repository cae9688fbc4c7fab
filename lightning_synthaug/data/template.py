"""How a dataset's raw items are built: take them apart into records, and put records together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, final

import numpy.typing as npt

from lightning_synthaug.data.element import Element
from lightning_synthaug.data.leaves import is_namedtuple
from lightning_synthaug.data.naming import field_names
from lightning_synthaug.data.record import Record, Value
from lightning_synthaug.data.structure import describe, render
from lightning_synthaug.errors import DataError

__all__ = ["ItemTemplate", "Stack"]

#: Columns of a batch, arranged as an item is.
Stack = tuple[npt.NDArray[Any], ...] | dict[Any, npt.NDArray[Any]]

# Short waves look like features, and go by the name of these where a dataset does not say what it holds.
_ALSO = {"image": "audio", "audio": "image"}


@final
class ItemTemplate:
    """Know from one raw item how all of them are built.

    Args:
        example: One raw item: a tuple, list, named tuple or dict of tensors, arrays, PIL images,
            numbers and text, or a single one of these.
        names: Field names of the elements in order; None to name them by the rules of
            `field_names`.

    Raises:
        DataError: The item is nested, or holds something that no record can (SA202).
    """

    def __init__(self, example: Any, names: Sequence[str] | None = None) -> None:
        self._example = example
        parts = self.split(example)
        for element in parts:
            if isinstance(element, Mapping | list | tuple) or element is None:
                msg = (
                    "The items of the dataset must be flat (a tuple, list or dict of arrays, "
                    f"images, numbers and text), got {render(describe(example))[:500]}. Pass "
                    "`item=` and `record=`."
                )
                raise DataError("SA202", msg)
        self.names = tuple(names) if names is not None else field_names(example, parts)
        self._elements = tuple(map(Element, self.names, parts))
        self.parse(example)  # so that an item that no record can hold is refused here

    def split(self, item: Any) -> list[Any]:
        """List the elements of an item.

        Args:
            item: Item of the example's structure.

        Returns:
            Elements in the example's order; the item itself when it is no container.
        """
        if isinstance(self._example, Mapping):
            return [item[key] for key in self._example]
        return list(item) if isinstance(self._example, tuple | list) else [item]

    def join(self, elements: Sequence[Any]) -> Any:
        """Put elements into the example's container.

        Args:
            elements: As many as `names`.

        Returns:
            An item of the example's structure.
        """
        example = self._example
        if isinstance(example, Mapping):
            return dict(zip(example, elements, strict=True))
        if is_namedtuple(example):
            return type(example)(*elements)
        if isinstance(example, tuple | list):
            return list(elements) if isinstance(example, list) else tuple(elements)
        return elements[0]

    def parse(self, item: Any) -> Record:
        """Turn a raw item into a record.

        Args:
            item: Raw item of the dataset.

        Returns:
            Record with one field per element, images with their channels last.

        Raises:
            DataError: An element cannot be held by a record (SA202, SA204).
        """
        parts = zip(self._elements, self.split(item), strict=True)
        return Record({element.name: element.read(part) for element, part in parts})

    def elements(
        self, record: Mapping[str, Value], *, transformed: Collection[int] = ()
    ) -> list[Any]:
        """Build the raw elements of an item from a record, by exact means only.

        Args:
            record: Must hold a field for each of `names`; others are ignored.
            transformed: Places of the elements that the user's transforms work on next.

        Returns:
            Fresh tensors, arrays, images and numbers, of the example's dtypes, ranks and channels.

        Raises:
            DataError: A field is missing, or would have to be changed to fit (SA203).
        """
        built = []
        for place, element in enumerate(self._elements):
            value = record.get(element.name, record.get(_ALSO.get(element.name, "")))
            made = None
            if value is not None:
                made = element.make(value, transformed=place in transformed)
            if made is None:
                raise self._misfit(element, record)
            built.append(made)
        return built

    @cached_property
    def stackable(self) -> bool:
        """Whether a batch is a plain tuple or dict of tensors that can be stacked from columns."""
        plain = type(self._example) in (tuple, dict)
        return plain and all(element.stackable for element in self._elements)

    def stack(self, columns: Mapping[str, npt.NDArray[Any]]) -> Stack | None:
        """Lay columns of records out as the columns of a batch of items.

        Args:
            columns: For each field an array with the samples along the first axis.

        Returns:
            One array per element of the item, in a tuple or a dict like the item, equal to what
            stacking the items would give; None when that takes building them one by one.
        """
        if not self.stackable:
            return None
        stacked = []
        for element in self._elements:
            name = element.name
            column = element.stack(columns[name]) if name in columns else None
            if column is None:
                return None
            stacked.append(column)
        example = self._example
        if isinstance(example, Mapping):
            return dict(zip(example, stacked, strict=True))
        return tuple(stacked)

    def _misfit(self, element: Element, record: Mapping[str, Value]) -> DataError:
        """Explain why no item can be built from a record."""
        reason, remedy = element.misfit(record.get(element.name))
        filled = [f"record[{e.name!r}]" if e.name in record else e.filler for e in self._elements]
        if isinstance(self._example, Mapping):
            keys = zip(self._example, filled, strict=True)
            shown = "{" + ", ".join(f"{key!r}: {value}" for key, value in keys) + "}"
        else:
            shown = f"({', '.join(filled)}{',' if len(filled) == 1 else ''})"
        msg = (
            "A record must become an item of the dataset without changing a value, got a misfit "
            f"at {element.name!r}: {reason}\n"
            f"  item of the dataset: {render(describe(self._example))}\n"
            f"  fields of the item:  {', '.join(self.names)}\n"
            f"  record:              {render(describe(dict(record)))}\n"
            "Pass `item=`, a function that turns such a record into what the dataset returns, of the "
            f"form `item=lambda record: {shown}`{f', or {remedy}' if remedy else ''}."
        )
        return DataError("SA203", msg)
