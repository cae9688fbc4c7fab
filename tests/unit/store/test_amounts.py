from __future__ import annotations

from typing import Any

import pytest

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.store.amounts import parse_age, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5GB", 5 * 10**9),
        ("500MiB", 500 * 2**20),
        ("1.5 kB", 1500),
        ("2gb", 2 * 10**9),
        ("1TiB", 2**40),
        ("7", 7),
        ("7B", 7),
        ("0", 0),
        (12, 12),
    ],
)
def test_sizes_are_read_with_their_units(text: Any, size: int) -> None:
    assert parse_size(text, name="to") == size


@pytest.mark.parametrize(
    "value",
    ["", "GB", "-1GB", "5G", "5 GB free", "1e9", "nan", -1, True, 1.5, "9" * 18 + "TB", None],
)
def test_other_sizes_are_told_by_the_name_of_the_argument(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"`to` must be a number of bytes.*\[SA332\]"):
        parse_size(value, name="to")


@pytest.mark.parametrize(
    ("text", "age"),
    [("30d", 30 * 86400), ("12h", 43200), ("1.5m", 90), ("2w", 14 * 86400), ("5s", 5), (7.5, 7.5)],
)
def test_ages_are_read_with_their_units(text: Any, age: float) -> None:
    assert parse_age(text, name="older_than") == age


@pytest.mark.parametrize("value", ["", "30", "d", "-1d", "1y", "inf", float("nan"), -1, True, None])
def test_other_ages_are_told_by_the_name_of_the_argument(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"`older_than` must be a length of time.*\[SA333\]"):
        parse_age(value, name="older_than")
