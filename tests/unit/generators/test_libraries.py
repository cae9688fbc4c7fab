from __future__ import annotations

import pytest

from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.generators.libraries import needed_library


def test_what_is_installed_is_imported() -> None:
    assert needed_library("json", "Reading", "none").loads("3") == 3


def test_what_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(
        MissingDependency,
        match=r"Flying must have the library `no_such_thing`.*\[wings\].*SA832",
    ):
        needed_library("no_such_thing.part", "Flying", "wings")
