from __future__ import annotations

import pytest

from lightning_synthaug.cli.demo.needs import check_needs
from lightning_synthaug.errors import MissingDependency


def test_nothing_is_said_when_all_is_there() -> None:
    check_needs()


def test_what_is_missing_is_named_with_a_pip_line() -> None:
    needs = {"json": "there", "no_such_module": "first", "nor_this_one": "second"}
    with pytest.raises(
        MissingDependency, match=r"got no first, no second.*pip install.*SA802"
    ) as e:
        check_needs(needs)
    assert e.value.code == "SA802"
