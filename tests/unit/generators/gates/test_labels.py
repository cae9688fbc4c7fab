from __future__ import annotations

import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates.labels import label_of


@pytest.mark.parametrize(
    ("label", "twin", "own", "expected"),
    [
        (7, None, 3, 7),
        (None, None, 3, 3),
        (None, 5, 3, 5),
        (None, None, None, None),
        (None, None, "a", None),
    ],
)
def test_what_was_asked_comes_first(
    label: int | None, twin: int | None, own: object, expected: int | None
) -> None:
    request = Request(label, 0, twin=None if twin is None else Record({"label": twin}))
    record = Record({"x": 1} if own is None else {"label": own})
    assert label_of(request, record) == expected
