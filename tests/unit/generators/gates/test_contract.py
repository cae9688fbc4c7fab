"""The smallest gate passes the suite, and each way of breaking it is caught by the test made for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from pickle import PicklingError
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data import Record, Verdict
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Gate, RealSamples
from lightning_synthaug.generators.gates.contract import GateContract

# What a lambda raises depends on the version of Python.
UNPICKLABLE = (AttributeError, PicklingError)


class NotDark(Gate):
    fitted = True

    def __init__(self, least: int = 20) -> None:
        self.least = least

    def settings(self) -> dict[str, Any]:
        return {"least": self.least}

    def fit(self, real: RealSamples) -> None:
        self.usual = max(float(np.mean(record["image"])) for record in real.read(range(len(real))))

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        return [self.one(record, place) for place, record in enumerate(records)]

    def one(self, record: Record, place: int) -> Verdict:
        mean = float(np.mean(record["image"]))
        good = mean >= min(self.least, self.usual)
        return Verdict(good, mean, "" if good else "dark")


def grey(*values: int) -> list[Record]:
    return [Record({"image": np.full((2, 2), value, np.uint8)}) for value in values]


class TestNotDark(GateContract):
    def make(self) -> Gate:
        return NotDark()

    def make_other(self) -> Gate:
        return NotDark(30)

    def real(self) -> list[Record]:
        return grey(60, 90)

    def samples(self) -> list[Record]:
        return grey(0, 30, 90, 10)


class ForgetsArgument(NotDark):
    def __init__(self, least: int = 20, most: int = 250) -> None:
        super().__init__(least)


class KeepsAnother(NotDark):
    def __init__(self, least: int = 20) -> None:
        super().__init__(least + 1)


class ReadsInConstructor(NotDark):
    def __init__(self, least: int = 20) -> None:
        super().__init__(least)
        self.text = Path(__file__).read_text("utf-8")


class UnstableFingerprint(NotDark):
    def fingerprint(self) -> str:
        return str(id(self))


class ForgetsSettings(NotDark):
    def settings(self) -> dict[str, Any]:
        return {}


class OddSettings(NotDark):
    def settings(self) -> dict[str, Any]:
        return {"least": (self.least,)}


class OneShort(NotDark):
    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        return super().judge(requests, records)[1:]


class AcceptsAll(NotDark):
    def one(self, record: Record, place: int) -> Verdict:
        return Verdict(True)


class SaysNothing(NotDark):
    def one(self, record: Record, place: int) -> Verdict:
        return super().one(record, place)._replace(reason="")


class TalksToAll(NotDark):
    def one(self, record: Record, place: int) -> Verdict:
        return super().one(record, place)._replace(reason="dark")


class DependsOnPlace(NotDark):
    def one(self, record: Record, place: int) -> Verdict:
        return super().one(record, place)._replace(score=float(place))


class ForgetsOnUnload(NotDark):
    def unload(self) -> None:
        super().unload()
        self.usual = 0.0


class ForgetsOnTheWay(NotDark):
    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "usual": 0.0}


class Unpicklable(NotDark):
    def fit(self, real: RealSamples) -> None:
        super().fit(real)
        self.hook = lambda: None


class NeverTheSame(NotDark):
    fits = 0

    def fit(self, real: RealSamples) -> None:
        NeverTheSame.fits += 1
        self.usual = 200.0 * (self.fits % 2)


class UsesGlobalRandomness(NotDark):
    def fit(self, real: RealSamples) -> None:
        super().fit(real)
        random.random()


@pytest.mark.parametrize(
    ("broken", "test", "error"),
    [
        (ForgetsArgument, "test_constructor_keeps_its_arguments", AssertionError),
        (KeepsAnother, "test_constructor_keeps_its_arguments", AssertionError),
        (ReadsInConstructor, "test_constructor_is_free", AssertionError),
        (UnstableFingerprint, "test_fingerprint_is_stable", AssertionError),
        (ForgetsSettings, "test_fingerprint_changes_with_the_settings", AssertionError),
        (OddSettings, "test_settings_are_plain_json", AssertionError),
        (OneShort, "test_one_verdict_for_each", AssertionError),
        (AcceptsAll, "test_one_verdict_for_each", AssertionError),
        (SaysNothing, "test_reasons_are_for_those_refused", AssertionError),
        (TalksToAll, "test_reasons_are_for_those_refused", AssertionError),
        (DependsOnPlace, "test_verdicts_do_not_depend_on_neighbours", AssertionError),
        (NeverTheSame, "test_fitting_again_changes_nothing", AssertionError),
        (ForgetsOnUnload, "test_unload_and_reload", AssertionError),
        (ForgetsOnTheWay, "test_survives_the_way_into_another_process", AssertionError),
        (Unpicklable, "test_survives_the_way_into_another_process", UNPICKLABLE),
        (UsesGlobalRandomness, "test_global_randomness_is_left_alone", AssertionError),
    ],
)
def test_suite_catches(
    broken: type[NotDark], test: str, error: type[Exception] | tuple[type[Exception], ...]
) -> None:
    class Contract(TestNotDark):
        def make(self) -> Gate:
            return broken()

        def make_other(self) -> Gate:
            return broken(30)

    with pytest.raises(error):
        getattr(Contract(), test)()
