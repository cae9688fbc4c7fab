from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lightning_synthaug.cli.exports.account import Account
from lightning_synthaug.cli.exports.card import size_category, write_card
from tests.unit.cli.exports.some import some


def card(folder: Path, account: Account) -> tuple[dict[str, Any], str]:
    """Front matter and text."""
    write_card(folder, name="digits: 2", account=account)
    _, front, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(front), text


def account(*told: dict[str, Any], signed: bool = False, **fields: Any) -> Account:
    made = Account()
    for one in told:
        list(made.passing(some(2, one, **fields), signed=signed))
    return made


def test_a_card_tells_who_made_what_under_which_licence(tmp_path: Path) -> None:
    gan = {"fingerprint": "9f", "weights": "77", "licence": "CC-BY-4.0", "seed": 1}
    made = account(gan, signed=True, caption="a")
    made.damaged = 3
    front, text = card(tmp_path, made)
    assert front == {
        "pretty_name": "digits: 2",
        "license": "cc-by-4.0",
        "tags": ["synthetic", "lightning_synthaug"],
        "size_categories": ["n<1K"],
    }
    for said in (
        "- **gan**: 2 samples\n",
        "  - weights: 77\n",
        "| 0 | 1 |\n| 1 | 1 |",
        "for 2 of 2 the seed",
        "3 samples of the cache: damaged or missing.",
        "Images and sound (2 files) carry",
        "Signed C2PA manifests (2 files)",
        "Files of other kinds (2) cannot carry a mark.",
        "digitalsourcetype/trainedAlgorithmicMedia",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("licences", "told"),
    [
        ([None], {"license": "unknown"}),
        (["MIT", None], {"license": ["mit", "unknown"]}),
        (["MIT", "CC0-1.0"], {"license": ["cc0-1.0", "mit"]}),
        (["ask Ann: now"], {"license": "other", "license_name": "ask Ann: now"}),
    ],
)
def test_no_licence_seems_to_be_that_of_all_when_it_is_not(
    tmp_path: Path, licences: list[str | None], told: dict[str, Any]
) -> None:
    front, _ = card(tmp_path, account(*({"licence": licence} for licence in licences)))
    assert {name: value for name, value in front.items() if name.startswith("license")} == told


def test_no_name_has_a_meaning_in_the_text(tmp_path: Path) -> None:
    name = "<script>|**[x](y)\n# top"
    _, text = card(tmp_path, account({"name": name, "twin": "aa", "licence": name}))
    assert r"\<script\>\|\*\*\[x\]\(y\) \# top" in text
    assert "<script>" not in text
    assert "Made from a real sample each, so that they may show what it shows: 2 samples." in text


def test_long_lists_are_cut(tmp_path: Path) -> None:
    many = account(*({"name": f"gan{n}"} for n in range(60)))
    many.labels.update(range(150))
    _, text = card(tmp_path, many)
    assert "And 10 generators more." in text
    assert "And 50 labels more." in text


def test_each_table_is_a_configuration(tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / f"samples-{number}.parquet").touch()
    front, _ = card(tmp_path, account({}))
    assert front["configs"] == [
        {"config_name": f"samples-{n}", "data_files": f"samples-{n}.parquet"} for n in range(2)
    ]


def test_a_dataset_without_samples_has_a_card(tmp_path: Path) -> None:
    _, text = card(tmp_path, Account())
    assert "Nothing: there are no samples." in text
    assert "## Labels" not in text


@pytest.mark.parametrize(
    ("samples", "category"),
    [
        (0, "n<1K"),
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (10**6 - 1, "100K<n<1M"),
        (10**9, "1B<n<10B"),
    ],
)
def test_sizes_are_those_of_the_hub(samples: int, category: str) -> None:
    assert size_category(samples) == category
