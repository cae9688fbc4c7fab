from __future__ import annotations

from collections.abc import Sequence

import pytest

from lightning_synthaug.generators import Generator, Rejection, Request


class Nothing(Generator):
    name = "nothing"
    licence = "CC0-1.0"

    def fingerprint(self) -> str:
        return "n"

    def generate(self, requests: Sequence[Request]) -> list[Rejection]:  # type: ignore[override]
        return [Rejection("nothing") for _ in requests]


def test_a_generator_without_fingerprint_or_generate_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Generator()  # type: ignore[abstract]


def test_defaults_fit_an_unconditional_generator() -> None:
    generator = Nothing()
    assert (generator.conditioning, generator.labels, generator.count()) == ("none", None, None)
    generator.load("cpu")
    generator.unload()


def test_provenance_says_what_where_from_and_under_which_licence() -> None:
    assert Nothing().provenance() == {
        "name": "nothing",
        "class": f"{__name__}:Nothing",
        "fingerprint": "n",
        "licence": "CC0-1.0",
        "source": None,
        "settings": {},
    }


def test_nothing_is_particular_to_a_sample_unless_a_generator_says_so() -> None:
    generator = Nothing()
    assert generator.particulars(Request(label=None, number=0)) == {}
    assert tuple(generator.libraries) == ()
