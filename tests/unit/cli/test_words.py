from __future__ import annotations

from lightning_synthaug.cli._words import many, table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    made = table(["name", "n"], [["a", "1"], ["longer", "1,000"]], left=[0])
    assert made.splitlines() == ["name        n", "a           1", "longer  1,000"]


def test_lines_end_with_their_last_character() -> None:
    assert table(["a", "note"], [["1", ""]], left=[1]) == "a  note\n1"


def test_one_is_no_plural() -> None:
    assert [many(n, "shard") for n in (0, 1, 1234)] == ["0 shards", "1 shard", "1,234 shards"]
