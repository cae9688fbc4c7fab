from __future__ import annotations

from lightning_synthaug.data import MODALITIES


def test_the_modalities_are_those_of_the_documentation() -> None:
    assert MODALITIES == ("image", "text", "audio", "tabular", "any")
