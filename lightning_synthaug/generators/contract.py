"""A test suite that every generator runs on itself.

A plugin's whole contract test is one subclass::

    from lightning_synthaug.generators.contract import GeneratorContract

    class TestMyGenerator(GeneratorContract):
        def make(self):
            return MyGenerator("weights.safetensors")
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, final

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators.checking import check_batch
from lightning_synthaug.generators.promises import (
    made_again,
    nothing_opened,
    random_states,
    skip,
)
from lightning_synthaug.generators.request import Rejection, Request, request_seed

if TYPE_CHECKING:
    from lightning_synthaug.generators.base import Generator

__all__ = ["GeneratorContract"]


class GeneratorContract(ABC):
    """Check that a generator keeps what the fill, the store and the resume of a run rely on.

    pytest collects a subclass whose name starts with `Test`. Fixtures are not needed; `make` may
    use the instance attributes that the subclass's own fixtures set.

    Attributes:
        device: Torch device to load on.
        requests_per_batch: How many requests the tests ask at a time, >= 3.
    """

    device = "cpu"
    requests_per_batch = 5

    @abstractmethod
    def make(self) -> Generator:
        """Make the generator, not loaded; each call makes an equal one.

        Returns:
            A new generator.
        """

    def make_other(self) -> Generator | None:
        """Make one with other weights, or of other files; None skips the test that needs it.

        Returns:
            A new generator, or None.
        """
        return None

    def twin(self, index: int) -> Record | None:
        """Make a real sample for a generator that needs twins.

        Args:
            index: Number of the sample, >= 0.

        Returns:
            The record, or None for generators without twins.
        """
        del index
        return None

    def requests(self, generator: Generator) -> list[Request]:
        """Choose what the tests ask for.

        Args:
            generator: The one to be asked.

        Returns:
            At least three different requests.
        """
        labels = sorted(generator.labels) if generator.labels else None
        if labels is None and generator.conditioning == "class":
            labels = [0, 1, 2]  # it says that it can make any
        chosen = []
        for number in range(self.requests_per_batch):
            label = None if labels is None else labels[number % len(labels)]
            twin = self.twin(number)
            seed = request_seed(
                7,
                label=label,
                number=number,
                twin_digest=None if twin is None else twin.digest(),
            )
            chosen.append(Request(label=label, number=number, seed=seed, twin=twin))
        return chosen

    def test_constructor_keeps_its_arguments(self) -> None:
        """Each argument is an attribute of the same name, so that the same generator can be made of them."""
        generator = self.make()
        assert made_again(generator).fingerprint() == generator.fingerprint()

    def test_constructor_is_free(self) -> None:
        """The constructor opens no file and starts no process, whatever `make` did before it."""
        generator = self.make()
        with nothing_opened():
            generator = made_again(generator)
        assert generator._device is None, "the constructor must not load"

    def test_fingerprint_is_stable(self) -> None:
        """Two equal generators, and one before and after loading, have one fingerprint."""
        generator = self.make()
        first = generator.fingerprint()
        assert isinstance(first, str)
        assert first
        assert first == self.make().fingerprint()
        generator.load(self.device)
        assert first == generator.fingerprint()
        generator.unload()

    def test_fingerprint_changes_with_the_weights(self) -> None:
        """Other weights give other samples, so the cache must not mix them."""
        other = self.make_other()
        if other is None:
            skip("make_other() is not defined")
        else:
            assert other.fingerprint() != self.make().fingerprint()

    def test_same_request_gives_same_bytes(self) -> None:
        """A request, asked twice in one batch shape, gives equal records."""
        with _Loaded(self) as generator:
            requests = self.requests(generator)
            assert generator.generate(requests) == generator.generate(requests)

    def test_results_do_not_depend_on_neighbours(self) -> None:
        """A sample is the same alone, in a batch and in a batch turned round."""
        with _Loaded(self) as generator:
            requests = self.requests(generator)
            together = generator.generate(requests)
            alone = [generator.generate([request])[0] for request in requests]
            turned = generator.generate(requests[::-1])[::-1]
            for first, second, third in zip(together, alone, turned, strict=True):
                _assert_close(first, second)
                _assert_close(first, third)

    def test_count_order_and_labels(self) -> None:
        """One result for each request, in order, with the fields, dtypes and labels promised."""
        with _Loaded(self) as generator:
            requests = self.requests(generator)
            results = check_batch(generator, requests, generator.generate(requests))
            assert any(isinstance(result, Record) for result in results), (
                "every sample was rejected"
            )
            assert generator.generate([]) == []

    def test_more_than_a_batch(self) -> None:
        """More requests than `batch_size` are answered all the same."""
        with _Loaded(self) as generator:
            few = self.requests(generator)
            many = (few * (generator.batch_size // len(few) + 2))[: generator.batch_size + 2]
            assert len(generator.generate(many)) == len(many)

    def test_unload_and_reload(self) -> None:
        """A generator that was unloaded can be loaded again and goes on as before."""
        with _Loaded(self) as generator:
            requests = self.requests(generator)
            before = generator.generate(requests)
            generator.unload()
            generator.load(self.device)
            assert generator.generate(requests) == before

    def test_survives_the_way_into_another_process(self) -> None:
        """A generator that is not loaded can be sent to a process of its own."""
        generator = self.make()
        arrived = ForkingPickler.loads(ForkingPickler.dumps(generator))
        assert arrived.fingerprint() == generator.fingerprint()

    def test_provenance_is_plain_json(self) -> None:
        """What is stored with each sample must be readable anywhere."""
        generator = self.make()
        provenance = generator.provenance()
        assert json.loads(json.dumps(provenance)) == provenance
        told = [generator.particulars(request) for request in self.requests(generator)]
        assert json.loads(json.dumps(told)) == told
        assert {"name", "class", "fingerprint", "licence", "source"} <= set(provenance)

    def test_global_randomness_is_left_alone(self) -> None:
        """Loading and generating must not move a random state that training uses."""
        before = random_states()
        with _Loaded(self) as generator:
            generator.generate(self.requests(generator))
        assert before == random_states()


@final
class _Loaded:
    """Load a new generator, and unload it whatever happens."""

    def __init__(self, contract: GeneratorContract) -> None:
        self.generator = contract.make()
        self.device = contract.device

    def __enter__(self) -> Generator:
        self.generator.load(self.device)
        return self.generator

    def __exit__(self, *exception: object) -> None:
        self.generator.unload()


def _assert_close(first: Record | Rejection, second: Record | Rejection) -> None:
    """Compare two results: equal, or arrays within 1/255."""
    assert isinstance(first, Record) == isinstance(second, Record)
    if isinstance(first, Rejection) or isinstance(second, Rejection):
        return
    assert set(first) == set(second)
    for name, value in first.items():
        other = second[name]
        if isinstance(value, np.ndarray):
            assert isinstance(other, np.ndarray)
            step = 1.0 if np.issubdtype(value.dtype, np.integer) else 1 / 255
            np.testing.assert_allclose(
                np.asarray(value, np.float64), np.asarray(other, np.float64), rtol=0, atol=step
            )
        else:
            assert value == other
