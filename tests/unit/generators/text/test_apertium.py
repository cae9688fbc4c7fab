"""Apertium for real where it is installed; a program that misbehaves otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lightning_synthaug.errors import GeneratorError, MissingDependency
from lightning_synthaug.generators.text.apertium import apertium_translate, apertium_version

needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="the program apertium is not installed"
)
#: What a text ends with changes how Apertium reads it, and so might what follows it.
ODD = [
    "Loved it so much... 100% recommended",
    "I can't believe <b>that</b> they & we did @ home ^yes$ [x] {y} a/b \\ z",
    "fine",
    "because of the",
    "The cat, (which) slept",
    "two\nlines\n\nand a  gap",
    "-u",
    "100 %",
    "Sue\u00f1os \u2013 \u65e5\u672c \U0001f600",
]


@needs_apertium
def test_each_text_is_translated_as_if_it_were_alone() -> None:
    together = apertium_translate(ODD, "eng", "spa")
    assert [apertium_translate([text], "eng", "spa")[0] for text in ODD] == together
    assert apertium_translate(ODD[::-1], "eng", "spa")[::-1] == together
    assert together[2] == "Bien"
    assert apertium_translate([], "eng", "spa") == []
    assert apertium_version()[0].isdigit()


def program(folder: Path, script: str) -> None:
    """Put a program of this name on the path."""
    file = folder / "apertium"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependency, match="SA482") as caught:
        apertium_translate(["a"], "eng", "spa")
    assert "apt-get install apertium-eng-spa" in str(caught.value)


@pytest.mark.parametrize(
    "script", ["exit 3", "cat > /dev/null; echo one", "cat > /dev/null; printf '\\377\\n\\n'"]
)
def test_answers_that_do_not_fit_are_refused(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(GeneratorError, match="SA483"):
        apertium_translate(["a", "b"], "eng", "spa")
