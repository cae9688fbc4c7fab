"""The smallest generator passes the suite, and each way of breaking it is caught by the test made for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from pickle import PicklingError
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.generators.contract import GeneratorContract

# What a lambda raises depends on the version of Python.
UNPICKLABLE = (AttributeError, PicklingError)


class Noise(Generator):
    conditioning = "class"
    labels = frozenset({0, 1})

    def __init__(self, side: int = 4) -> None:
        self.side = side

    def fingerprint(self) -> str:
        return f"noise-{self.side}"

    def settings(self) -> dict[str, Any]:
        return {"side": self.side}

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [self.one(request, place) for place, request in enumerate(requests)]

    def one(self, request: Request, place: int) -> Record:
        rng = np.random.default_rng(request.seed)
        image = rng.integers(0, 256, (self.side, self.side)).astype(np.uint8)
        return Record({"image": image, "label": request.label})


class TestNoise(GeneratorContract):
    def make(self) -> Generator:
        return Noise()

    def make_other(self) -> Generator:
        return Noise(5)


class ForgetsArgument(Noise):
    def __init__(self, side: int = 4, tone: int = 0) -> None:
        super().__init__(side)


class KeepsAnother(Noise):
    def __init__(self, side: int = 4) -> None:
        super().__init__(side)
        self.side = side + 1


class ReadsInConstructor(Noise):
    def __init__(self, side: int = 4) -> None:
        super().__init__(side)
        self.text = Path(__file__).read_text("utf-8")


class UnstableFingerprint(Noise):
    def fingerprint(self) -> str:
        return str(id(self))


class SameFingerprint(Noise):
    def fingerprint(self) -> str:
        return "noise"


class DependsOnPlace(Noise):
    def one(self, request: Request, place: int) -> Record:
        record = super().one(request, place)
        return record.replace(image=np.roll(record["image"], place))


class UsesGlobalRandomness(Noise):
    def one(self, request: Request, place: int) -> Record:
        random.random()
        return super().one(request, place)


class NeverTheSame(Noise):
    calls = 0

    def one(self, request: Request, place: int) -> Record:
        NeverTheSame.calls += 1
        return (
            super().one(request, place).replace(image=np.full((4, 4), self.calls % 256, np.uint8))
        )


class WrongLabel(Noise):
    def one(self, request: Request, place: int) -> Record:
        return super().one(request, place).replace(label=1 - request.label)


class WrongLabelOfAny(WrongLabel):
    labels = None  # says that it can make any


class OneShort(Noise):
    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return super().generate(requests)[1:]


class Unpicklable(Noise):
    def __init__(self, side: int = 4) -> None:
        super().__init__(side)
        self.hook = lambda: None


class NoProvenance(Noise):
    def provenance(self) -> dict[str, Any]:
        return {"side": (1, 2)}


@pytest.mark.parametrize(
    ("broken", "test", "error"),
    [
        (ForgetsArgument, "test_constructor_keeps_its_arguments", AssertionError),
        (KeepsAnother, "test_constructor_keeps_its_arguments", AssertionError),
        (ReadsInConstructor, "test_constructor_is_free", AssertionError),
        (UnstableFingerprint, "test_fingerprint_is_stable", AssertionError),
        (SameFingerprint, "test_fingerprint_changes_with_the_weights", AssertionError),
        (DependsOnPlace, "test_results_do_not_depend_on_neighbours", AssertionError),
        (NeverTheSame, "test_same_request_gives_same_bytes", AssertionError),
        (UsesGlobalRandomness, "test_global_randomness_is_left_alone", AssertionError),
        (WrongLabel, "test_count_order_and_labels", GeneratorContractBroken),
        (WrongLabelOfAny, "test_count_order_and_labels", GeneratorContractBroken),
        (OneShort, "test_count_order_and_labels", GeneratorContractBroken),
        (Unpicklable, "test_survives_the_way_into_another_process", UNPICKLABLE),
        (NoProvenance, "test_provenance_is_plain_json", AssertionError),
    ],
)
def test_suite_catches(
    broken: type[Noise], test: str, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    class Contract(GeneratorContract):
        def make(self) -> Generator:
            return broken()

        def make_other(self) -> Generator:
            return broken(5)

    with pytest.raises(error):
        getattr(Contract(), test)()
