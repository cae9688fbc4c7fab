from __future__ import annotations

import pytest

from lightning_synthaug.cli.exports.licences import address_of, hub_name


@pytest.mark.parametrize(
    ("licence", "address", "name"),
    [
        ("CC-BY-4.0", "https://spdx.org/licenses/CC-BY-4.0", "cc-by-4.0"),
        ("mit", "https://spdx.org/licenses/MIT", "mit"),
        ("PDDL-1.0", "https://spdx.org/licenses/PDDL-1.0", "pddl"),
        ("https://example.org/terms", "https://example.org/terms", "other"),
        ("ask Ann", "ask Ann", "other"),
    ],
)
def test_known_licences_have_an_address_and_a_name(licence: str, address: str, name: str) -> None:
    assert address_of(licence) == address
    assert hub_name(licence) == name
