from __future__ import annotations

from typing import Any

from lightning_synthaug.cli.exports.account import Account, Maker
from lightning_synthaug.cli.marking import source_type
from tests.unit.cli.exports.some import some

GAN = {"fingerprint": "9f", "licence": "CC-BY-4.0", "settings": {"size": 8}, "seed": 5}


def counted(*told: dict[str, Any], signed: bool = False) -> Account:
    """An account of three samples each."""
    account = Account()
    for one in told:
        passed = list(account.passing(some(3, one, caption="a"), signed=signed))
        assert len(passed) == 3
    return account


def test_samples_are_counted_by_generator_label_and_file() -> None:
    account = counted(GAN, {"name": "img2img", "twin": "aa"}, signed=True)
    gan, other = account.makers
    assert gan == Maker(
        "gan", None, "9f", None, "CC-BY-4.0", None, '{"size": 8}', source_type({"name": "gan"})
    )
    assert other.source_type == source_type({"twin": "aa"})
    assert list(account.makers.values()) == [3, 3]
    assert account.source_types() == {gan.source_type: 3, other.source_type: 3}
    assert account.labels == {0: 4, 1: 2}
    assert account.files == {"png": 6, "txt": 6}
    assert (account.samples, account.signed, account.twins, account.seeds) == (6, 6, 3, 3)
    assert account.first == account.last == "2001-09-09T01:46:40+00:00"
    assert (account.licences(), account.unlicensed()) == (["CC-BY-4.0"], 3)


def test_nothing_in_provenance_is_believed() -> None:
    account = counted({"name": ["x"], "class": 3, "licence": {}, "settings": "\0", "seed": "5"})
    (maker,) = account.makers
    assert (maker.name, maker.kind, maker.licence) == ("(unnamed)", None, None)
    assert account.seeds == 0


def test_without_samples_there_is_nothing_to_tell() -> None:
    account = Account()
    assert list(account.passing(iter(()), signed=True)) == []
    assert (account.first, account.licences(), account.unlicensed()) == (None, [], 0)
