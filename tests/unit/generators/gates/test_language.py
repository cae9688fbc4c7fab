from __future__ import annotations

import sys

import pytest

from lightning_synthaug.errors import ConfigError, MissingDependency
from lightning_synthaug.generators.gates import language
from lightning_synthaug.generators.gates.language import identify_language

GERMAN = "Der Kellner hat unsere Bestellung schon wieder vergessen."


def test_a_text_is_surer_to_be_in_its_own_language() -> None:
    assert identify_language(GERMAN, "de") < 0.5
    assert identify_language(GERMAN, "en") > 3


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"got 'tlh'.*SA464"):
        identify_language(GERMAN, "tlh")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    language._identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(MissingDependency, match=r"needs py3langid.*\[text\].*SA463"):
        identify_language(GERMAN, "de")
