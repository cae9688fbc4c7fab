from __future__ import annotations

import pickle

import pytest

from lightning_synthaug import errors
from lightning_synthaug.errors import SynthAugError

NAMED = [getattr(errors, name) for name in errors.__all__]
ALL = [value for value in NAMED if isinstance(value, type)]


@pytest.mark.parametrize("kind", ALL)
def test_code_stands_in_brackets_after_the_message(kind: type[SynthAugError]) -> None:
    error = kind("SA999", "What must hold, got 3.")
    assert str(error) == "What must hold, got 3. [SA999]"
    assert (error.code, error.message) == ("SA999", "What must hold, got 3.")


@pytest.mark.parametrize("kind", ALL)
def test_survives_the_trip_out_of_a_worker(kind: type[SynthAugError]) -> None:
    error = pickle.loads(pickle.dumps(kind("SA999", "Broken.")))
    assert type(error) is kind
    assert (str(error), error.code, error.message) == ("Broken. [SA999]", "SA999", "Broken.")


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConfigError, ValueError),
        (errors.DataError, ValueError),
        (errors.MissingDependency, ImportError),
    ],
)
def test_can_be_caught_as_the_builtin_it_refines(
    kind: type[SynthAugError], builtin: type[Exception]
) -> None:
    with pytest.raises(builtin, match="SA999"):
        raise kind("SA999", "Broken.")


def test_one_base_catches_them_all() -> None:
    assert all(issubclass(kind, SynthAugError) for kind in ALL)
