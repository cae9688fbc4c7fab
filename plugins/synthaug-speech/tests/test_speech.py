"""The contract suite of lightning-synthaug on this plugin's generator that needs no weights."""

from __future__ import annotations

import shutil

import pytest
from synthaug_speech import EspeakSpeech

from lightning_synthaug.generators.contract import GeneratorContract


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
class TestEspeak(GeneratorContract):
    """All from the suite; the repository's own tests look at the other engines, too."""

    def make(self) -> EspeakSpeech:
        """Make the generator under test."""
        return EspeakSpeech(["yes", "no"], rate=8000, seconds=1.0)

    def make_other(self) -> EspeakSpeech:
        """Make one that differs, for the test of the fingerprint."""
        return EspeakSpeech(["yes", "no"], rate=8000, seconds=1.0, voices=["en-gb"])
