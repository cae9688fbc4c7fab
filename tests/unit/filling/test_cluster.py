"""A real Ray cluster on this machine: two actors make what one process makes."""

from __future__ import annotations

import builtins
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.assets import demo_generator
from lightning_synthaug.data import LabelMap, Record
from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.filling import Limits, SourceFiller, SourceNeeds, Watching
from lightning_synthaug.filling.cluster import fill_on_ray
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.generators.gates.watch import CollapseWatch
from lightning_synthaug.store import Store
from tests.helpers.collapsing import Turning
from tests.helpers.traced import Tracer

# Ray 2.60 reads old options of its own when it makes its settings.
pytestmark = pytest.mark.filterwarnings("ignore:`use_.*deprecated:DeprecationWarning")

IDENTITIES = np.array([(place << 40) | n for n in range(27) for place in range(3)])


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    ray = pytest.importorskip("ray", reason="Ray does not have a wheel for each Python")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


def filler(store: Store, generator: Generator) -> SourceFiller:
    needs = SourceNeeds(
        1,
        generator,
        values=np.arange(3),
        label_map=LabelMap(None),
        generation_seed=4,
        twins=None,  # type: ignore[arg-type]  # never asked for by a class-conditional generator
    )
    return SourceFiller("gan", needs, store, device="cpu")


@pytest.mark.parametrize("make", [demo_generator, lambda: Tracer(reject=3)])
def test_two_actors_make_what_one_process_makes(tmp_path: Path, cluster: Any, make: Any) -> None:
    with Store.open(tmp_path / "here") as here, Store.open(tmp_path / "there") as there:
        alone, together = filler(here, make()), filler(there, make())
        one = alone.fill(alone.look_up(IDENTITIES))
        missing = together.look_up(IDENTITIES)
        first = fill_on_ray(together, missing, actors=2, limits=Limits(samples=40))
        assert 40 <= first.generated < 40 + together.batch_size
        rest = together.look_up(IDENTITIES)
        second = fill_on_ray(together, rest, actors=2)
        assert first.generated + second.generated == one.generated == IDENTITIES.size
        assert not together.look_up(IDENTITIES)
        assert fill_on_ray(together, []).generated == 0
        for identity in IDENTITIES.tolist():
            keys = [
                r.key(alone.needs.generator.fingerprint())
                for r in (
                    alone.needs.again(alone.needs.request(identity), attempt)
                    for attempt in range(2)
                )
            ]
            mine, theirs = ([store.get(k) for k in keys] for store in (here, there))
            assert mine == theirs
            assert any(mine)
            assert [here.provenance(k) for k in keys] == [there.provenance(k) for k in keys]
        assert there.verify() == []


def test_without_ray_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.split(".")[0] == "ray":
            raise ImportError("No module named 'ray'")
        return real(name, *args)

    with Store.open(tmp_path) as store:
        mine = filler(store, Tracer())
        missing = mine.look_up(IDENTITIES)
        monkeypatch.setattr(builtins, "__import__", without)
        with pytest.raises(MissingDependency, match=r"SA508") as error:
            fill_on_ray(mine, missing)
        assert ".[ray]" in str(error.value)


def test_samples_from_a_cluster_are_watched_here(
    tmp_path: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(tmp_path / "cache") as store:
        source = filler(store, Turning(200))
        source.needs.watching = Watching(CollapseWatch, stops=True)
        wanted = np.array([(place << 40) | n for n in range(500) for place in range(3)])
        before = set(threading.enumerate())
        filled = fill_on_ray(source, source.look_up(wanted), actors=1)
        assert 200 < filled.generated < 1500
        # A thread that still talks to Ray ends the whole process once Ray is shut down.
        left = {thread.name for thread in set(threading.enumerate()) - before}
        assert left <= {"tqdm_monitor"}
        assert not fill_on_ray(source, source.look_up(wanted), actors=1).generated
    assert capsys.readouterr().err.count("[SA470]") == 1


class Away(Tracer):
    """Can make nothing for now."""

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [Rejection("the service is away", for_now=True) for _ in requests]


def test_what_is_put_off_is_not_asked_again_and_again(tmp_path: Path, cluster: Any) -> None:
    with Store.open(tmp_path) as store:
        source = filler(store, Away())
        filled = fill_on_ray(source, source.look_up(IDENTITIES), actors=1)
        assert (filled.generated, filled.given_up) == (0, 0)
        assert 0 < filled.put_off <= IDENTITIES.size
        assert store.stats().tombstones == 0
        assert len(source.look_up(IDENTITIES)) == IDENTITIES.size
