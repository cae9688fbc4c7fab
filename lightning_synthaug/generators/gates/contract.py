"""A test suite that every gate runs on itself.

A gate's whole contract test is one subclass::

    from lightning_synthaug.generators.gates.contract import GateContract

    class TestNotDark(GateContract):
        def make(self):
            return NotDark(20)

        def samples(self):
            return [Record({"image": np.full((2, 2), v, np.uint8)}) for v in (0, 90, 200)]
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING

import numpy as np

from lightning_synthaug.data.verdict import Verdict
from lightning_synthaug.generators.gates.real import RealSamples
from lightning_synthaug.generators.promises import (
    made_again,
    nothing_opened,
    random_states,
    skip,
)
from lightning_synthaug.generators.request import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.base import Gate

__all__ = ["GateContract"]


class GateContract(ABC):
    """Check that a gate keeps what filling, the store and reports rely on.

    pytest collects a subclass whose name starts with `Test`. Fixtures are not needed; `make` may
    use the instance attributes that the subclass's own fixtures set.

    Attributes:
        device: Torch device to load on.
    """

    device = "cpu"

    @abstractmethod
    def make(self) -> Gate:
        """Make the gate, neither fitted nor loaded; each call makes an equal one.

        Returns:
            A new gate.
        """

    @abstractmethod
    def samples(self) -> Sequence[Record]:
        """Make what the tests have judged.

        Returns:
            Three samples at least, of which the gate accepts some and refuses some.
        """

    def make_other(self) -> Gate | None:
        """Make one with other settings; None skips the test that needs it.

        Returns:
            A new gate, or None.
        """
        return None

    def real(self) -> Sequence[Record]:
        """Make the real samples that the gate is fitted on.

        Returns:
            Records, with labels where the gate needs them.
        """
        return []

    def requests(self) -> Sequence[Request]:
        """Say what was asked for where the samples were made.

        Returns:
            A request for each sample; by default for the label that it carries.
        """
        labels = [record.get("label") for record in self.samples()]
        return [
            Request(label if isinstance(label, int) else None, number)
            for number, label in enumerate(labels)
        ]

    def test_constructor_keeps_its_arguments(self) -> None:
        """Each argument is an attribute of the same name, so that the same gate can be made of them."""
        gate = self.make()
        assert made_again(gate).fingerprint() == gate.fingerprint()

    def test_constructor_is_free(self) -> None:
        """The constructor opens no file and starts no process, whatever `make` did before it."""
        gate = self.make()
        with nothing_opened():
            gate = made_again(gate)
        assert gate._device is None, "the constructor must not load"

    def test_fingerprint_is_stable(self) -> None:
        """Two equal gates, and one before and after fitting and loading, have one fingerprint."""
        gate = self.make()
        first = gate.fingerprint()
        assert isinstance(first, str)
        assert first
        assert first == self.make().fingerprint()
        assert first == self._ready(gate).fingerprint()
        gate.unload()

    def test_fingerprint_changes_with_the_settings(self) -> None:
        """Another gate says something else, so that verdicts must not be mixed."""
        other = self.make_other()
        if other is None:
            skip("make_other() is not defined")
        else:
            assert other.fingerprint() != self.make().fingerprint()

    def test_settings_are_plain_json(self) -> None:
        """What is part of a fingerprint must be readable anywhere."""
        settings = self.make().settings()
        assert json.loads(json.dumps(settings)) == settings

    def test_one_verdict_for_each(self) -> None:
        """A batch gets a list of verdicts, one a sample; some pass and some do not."""
        gate = self._ready(self.make())
        verdicts = gate.judge(self.requests(), self.samples())
        assert isinstance(verdicts, list)
        assert len(verdicts) == len(self.samples())
        assert all(isinstance(verdict, Verdict) for verdict in verdicts)
        assert {verdict.accepted for verdict in verdicts} == {True, False}

    def test_reasons_are_for_those_refused(self) -> None:
        """Whoever is refused is told why, in a few words; whoever is accepted is told nothing."""
        for verdict in self._verdicts(self.make()):
            assert isinstance(verdict.reason, str)
            assert bool(verdict.reason) != verdict.accepted
            assert len(verdict.reason.split()) <= 8, verdict.reason

    def test_verdicts_do_not_depend_on_neighbours(self) -> None:
        """A verdict is the same alone, in a batch and in a batch turned round; but for gates that remember."""
        gate = self._ready(self.make())
        if gate.remembers:
            skip("its verdicts depend on what came before")
        requests, records = list(self.requests()), list(self.samples())
        together = gate.judge(requests, records)
        turned = gate.judge(requests[::-1], records[::-1])[::-1]
        alone = [
            gate.judge([request], [record])[0]
            for request, record in zip(requests, records, strict=True)
        ]
        _assert_same(together, turned)
        _assert_same(together, alone)

    def test_fitting_again_changes_nothing(self) -> None:
        """Two gates that were fitted on the same samples say the same."""
        _assert_same(self._verdicts(self.make()), self._verdicts(self.make()))

    def test_unload_and_reload(self) -> None:
        """A gate that was unloaded can be loaded again and goes on as before."""
        gate = self._ready(self.make())
        before = gate.judge(self.requests(), self.samples())
        gate.unload()
        gate.load(self.device)
        _assert_same(before, gate.judge(self.requests(), self.samples()))

    def test_survives_the_way_into_another_process(self) -> None:
        """A gate can be sent to a process of its own, fitted or not, and says the same there."""
        gate = self.make()
        arrived = ForkingPickler.loads(ForkingPickler.dumps(gate))
        assert arrived.fingerprint() == gate.fingerprint()
        gate.fit(RealSamples.of(self.real()))
        arrived = ForkingPickler.loads(ForkingPickler.dumps(gate))
        for one in (gate, arrived):
            one.load(self.device)
        requests, records = self.requests(), self.samples()
        _assert_same(gate.judge(requests, records), arrived.judge(requests, records))

    def test_global_randomness_is_left_alone(self) -> None:
        """Fitting, loading and judging must not move a random state that training uses."""
        before = random_states()
        self._verdicts(self.make())
        assert before == random_states()

    def _ready(self, gate: Gate) -> Gate:
        """Fit and load a gate, in the order in which filling does."""
        gate.fit(RealSamples.of(self.real()))
        gate.load(self.device)
        return gate

    def _verdicts(self, gate: Gate) -> list[Verdict]:
        """Judge the samples with a new gate."""
        verdicts = self._ready(gate).judge(self.requests(), self.samples())
        gate.unload()
        return verdicts


def _assert_same(first: Sequence[Verdict], second: Sequence[Verdict]) -> None:
    """Compare verdicts; scores may differ by what another batch shape does to rounding."""
    assert [v[::2] for v in first] == [v[::2] for v in second]
    np.testing.assert_allclose(_scores(first), _scores(second), rtol=1e-3, atol=1e-4)


def _scores(verdicts: Sequence[Verdict]) -> npt.NDArray[np.float64]:
    """List scores, NaN where there is none."""
    return np.array([np.nan if v.score is None else v.score for v in verdicts], np.float64)
