from __future__ import annotations

from importlib import metadata

import pytest

from lightning_synthaug.cli.marking.mark import NAME, Mark, text_of, tool, version


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("gan", "gan"),
        ("né\u2028a\tb", "né a b"),
        ("a\ud800\uffff\x1b[2Jb", "a[2Jb"),
        ("x" * 500, "x" * 200),
        ("\0 \n", None),
        (b"gan", None),
        ({"a": 1}, None),
    ],
)
def test_texts_of_others_are_such_as_every_file_can_hold(value: object, text: str | None) -> None:
    assert text_of(value) == text


def test_a_mark_says_what_provenance_says() -> None:
    told = {"name": "gan", "fingerprint": "9f2c", "licence": "CC-BY-4.0", "twin": "aa"}
    made = Mark.of(told, "00ff")
    assert made.source_type.endswith("/compositeWithTrainedAlgorithmicMedia")
    assert (made.generator, made.fingerprint, made.licence) == ("gan", "9f2c", "CC-BY-4.0")
    assert made.sentence() == "Synthetic sample 00ff, made by gan."
    nothing = Mark.of({"name": 3, "licence": None}, "00ff")
    assert (nothing.generator, nothing.fingerprint, nothing.licence) == ("(unnamed)", None, None)


def test_the_tool_is_named_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    version.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda name: "1.2.3")
    assert tool() == f"{NAME} 1.2.3"
    version.cache_clear()
    monkeypatch.setattr(metadata, "version", absent)
    assert tool() == NAME
    version.cache_clear()
