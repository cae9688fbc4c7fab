"""The contract suite of lightning-synthaug on this plugin's generator."""

from __future__ import annotations

from synthaug_example import Discs

from lightning_synthaug.generators.contract import GeneratorContract


class TestDiscs(GeneratorContract):
    """Twelve tests, all from the suite."""

    def make(self) -> Discs:
        """Make the generator under test."""
        return Discs()

    def make_other(self) -> Discs:
        """Make one that differs, for the test of the fingerprint."""
        return Discs(side=20)
