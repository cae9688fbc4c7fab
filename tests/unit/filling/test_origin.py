from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.data import LabelMap, adapt
from lightning_synthaug.filling import SourceNeeds
from lightning_synthaug.filling.made import Open
from lightning_synthaug.filling.making import Maker
from lightning_synthaug.filling.origin import made_by, particulars, versions
from lightning_synthaug.generators import Request
from lightning_synthaug.store import Store
from tests.helpers.traced import Tracer, traced_dataset


class Prompted(Tracer):
    libraries = ("pillow", "no-such-distribution")

    def particulars(self, request: Request) -> dict[str, Any]:
        return {"prompt": f"a digit {request.label}"}


class Variant(Tracer):
    conditioning = "twin"


def needs(generator: Tracer, seed: int = 0) -> SourceNeeds:
    return SourceNeeds(
        1,
        generator,
        values=np.arange(3),
        label_map=LabelMap(None),
        generation_seed=seed,
        twins=adapt(traced_dataset(9)),
    )


def test_versions_are_those_installed() -> None:
    told = versions(["pillow", "no-such-distribution"])
    assert told["lightning-synthaug"] == sa.__version__
    for name in ("numpy", "torch", "pillow"):
        assert told[name] == metadata.version(name)
    assert "no-such-distribution" not in told
    assert versions(["pillow", "no-such-distribution"]) is told


def test_what_made_a_batch_is_told_once_and_the_rest_for_each_sample() -> None:
    prompted = needs(Prompted(), seed=5)
    told = made_by(prompted, "cuda:1")
    assert told["fingerprint"] == Prompted().fingerprint()
    assert (told["synthetic"], told["device"], told["generation_seed"]) == (True, "cuda", 5)
    assert told["versions"] is made_by(prompted, "cpu")["versions"]
    request = prompted.again(prompted.request(2), 1)
    assert particulars(prompted, Open(2, request, b"")) == {
        "prompt": "a digit 0",
        "label": 0,
        "number": 2,
        "seed": request.seed,
        "attempt": 1,
    }


def test_a_twin_is_told_by_index_and_content() -> None:
    twins = needs(Variant())
    identity = (7 << 40) | 2
    request = twins.request(identity)
    assert request.twin is not None
    told = particulars(twins, Open(identity, request, b""))
    assert (told["twin_index"], told["version"]) == (7, 2)
    assert told["twin"] == request.twin.digest().hex()
    assert needs(Tracer()).twin_index(identity) is None


def test_the_store_keeps_it_and_keys_stay_as_they_are(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        maker = Maker("gan", needs(Prompted()), store, "cpu")
        opened = [maker.open(identity) for identity in range(3)]
        assert [o.key for o in opened] == [
            Maker("gan", needs(Tracer()), store, "cpu").open(i).key for i in range(3)
        ]
        maker.make(opened)
        told = store.provenance(opened[1].key)
        assert told is not None
        assert told["prompt"] == "a digit 0"
        assert told["synthetic"] is True
        assert told["versions"]["pillow"] == metadata.version("pillow")


@pytest.mark.parametrize("stream", [False, True])
def test_a_row_of_a_stream_has_no_index(tmp_path: Path, stream: bool) -> None:
    data = traced_dataset(24)
    batches = DataLoader(TensorDataset(*data.tensors), 8)
    loader = list(batches) if stream else batches
    mixed = sa.mix(loader, Variant(), 0.5, cache=tmp_path)
    for _ in mixed:
        pass
    with Store.open(tmp_path) as store:
        told = [sample.provenance for sample in store.samples()]
    assert told
    assert all(("twin_index" in one) is not stream for one in told)
    assert all("twin" in one for one in told)
