from __future__ import annotations

import json
from typing import Any

from lightning_synthaug.cli.exports.account import Account
from lightning_synthaug.cli.exports.rai import MOST, answers, further
from tests.unit.cli.exports.some import some


def account(*told: dict[str, Any]) -> Account:
    made = Account(damaged=2)
    for one in told:
        list(made.passing(some(2, one), signed=False))
    return made


def test_only_what_is_known_is_answered() -> None:
    plain = answers(account({}))
    assert plain["data_collection_type"] == ["Synthetic"]
    assert plain["data_collection"].startswith("Not collected but generated: 2 samples by gan.")
    assert plain["data_collection_missing_data"].startswith("2 samples were damaged")
    assert "data_collection_raw_data" not in plain
    assert "data_annotation_protocol" in plain
    assert "data_annotation_protocol" not in answers(Account())
    assert answers(Account())["data_collection"].startswith("Not collected but generated: 0 ")
    assert answers(account({"twin": "aa"}))["data_collection_raw_data"].startswith("2 samples")


def test_how_it_came_about_is_told_in_the_words_of_prov() -> None:
    web = {"fingerprint": "9f", "class": "my:Gan", "source": "https://example.org/w"}
    told = further(account(web, {"name": "b", "source": "a disk", "twin": "aa"}))
    assert told["rai:hasSyntheticData"] is True
    assert told["rai:dataCollectionTimeframe"] == ["2001-09-09T01:46:40+00:00"] * 2
    first, second = told["prov:wasGeneratedBy"]
    assert first["prov:label"] == "Generation of 2 samples"
    assert first["prov:wasAssociatedWith"] == {
        "@type": "prov:SoftwareAgent",
        "prov:label": "gan",
        "identifier": "9f",
        "description": "my:Gan",
    }
    assert second["prov:wasAssociatedWith"]["prov:label"] == "b"
    labels = [entity.get("prov:label", entity.get("@id")) for entity in told["prov:wasDerivedFrom"]]
    assert labels == ["a disk", "https://example.org/w", "real samples, the twins"]
    assert "prov:wasDerivedFrom" not in further(account({}))
    assert "rai:dataCollectionTimeframe" not in further(Account())


def test_many_generators_are_not_all_named() -> None:
    many = account(*({"name": f"gan{n}"} for n in range(MOST + 7)))
    assert answers(many)["data_collection"].count("gan") == MOST
    assert "and 7 more" in answers(many)["data_collection"]
    assert json.dumps(further(many)).count("SoftwareAgent") == MOST
