from __future__ import annotations

import time
from pathlib import Path

import pytest

from lightning_synthaug.store import Store
from lightning_synthaug.store.evict import Which, evict, is_settled
from tests.unit.store.samples import BUDGET, image, key, named, shards, text, there

THREE = (range(4), range(4, 8), range(8, 12))


def test_the_oldest_shards_go_until_the_rest_fits(tmp_path: Path) -> None:
    shards(tmp_path, *THREE)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        used = store.used()
        told = store.evict(to=used - 1, dry_run=True)
        assert there(store, range(12)) == list(range(12))
        assert store.evict(to=used - 1) == told
        assert told[:2] == (1, 4)
        assert told.freed == used - store.used() > 0
        assert there(store, range(12)) == list(range(4, 12))
        assert store.evict(to="5GB")[:3] == (0, 0, 0)
        assert store.put([named(0)]) == 1  # made again when it is needed
        assert there(store, range(1)) == [0]
        assert store.evict(to=0).shards == 2
    assert len(list(tmp_path.glob("*.rows"))) == 1  # the one that was written to


def test_a_shard_whose_writer_lives_stays_and_one_of_a_dead_writer_goes(tmp_path: Path) -> None:
    with Store.open(tmp_path, byte_budget=BUDGET) as writing:
        writing.put([named(i) for i in range(4)])
        with Store.open(tmp_path, byte_budget=BUDGET) as store:
            told = store.evict(to=0)
            assert (told.shards, told.held) == (0, 1)
            assert there(store, range(4)) == [0, 1, 2, 3]
        session = writing._session()
        (writer,) = session._writers.values()
        writer._close()  # as a kill does: no seal
        session._writers.clear()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        (state,) = store._session().index.shards().values()
        assert not state.sealed
        assert is_settled(tmp_path, state)
        assert store.evict(to=0).shards == 1


def test_only_shards_whose_newest_sample_is_old_go(tmp_path: Path) -> None:
    shards(tmp_path, THREE[0])
    time.sleep(0.01)
    between = time.time()
    shards(tmp_path, THREE[1])
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.evict(older_than="1h").shards == 0
        assert store.evict(older_than=time.time() - between).samples == 4
        assert there(store, range(8)) == [4, 5, 6, 7]
        assert store.evict(older_than=0).samples == 4


def test_a_generator_goes_where_it_has_a_shard_alone_and_is_forgotten_elsewhere(
    tmp_path: Path,
) -> None:
    shards(tmp_path, range(4))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([named(i, generator="gan" if i % 2 else "vae") for i in range(4, 8)])
        store.put([named(8, text(8), generator="vae")])
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        told = store.evict(generator="gan")
        assert told[:2] == (1, 6)
        assert told.forgotten == 2
        assert there(store, range(8)) == [4, 6]
        assert store.get(key(8)) == text(8)
        assert store.evict(generator="gan")[:2] == (0, 0)
        assert store.evict(generator="other")[:2] == (0, 0)
        store.rebuild()
        assert there(store, range(8)) == [4, 6]


def test_under_a_target_nothing_is_forgotten_because_that_gives_no_space(tmp_path: Path) -> None:
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([named(i, generator="gan" if i % 2 else "vae") for i in range(4)])
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.evict(to=0, generator="gan")[:2] == (0, 0)
        assert there(store, range(4)) == [0, 1, 2, 3]


def test_what_the_coming_epoch_needs_stays_with_its_shard(tmp_path: Path) -> None:
    shards(tmp_path, *THREE)
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        told = store.evict(to=0, keep=[key(5), key(99)])
        assert told.shards == 2
        assert there(store, range(12)) == [4, 5, 6, 7]
        assert store.evict(generator="gan", keep=[key(5)])[:2] == (0, 3)
        assert there(store, range(12)) == [5]


def test_readers_go_on_or_miss_and_never_read_something_else(tmp_path: Path) -> None:
    shards(tmp_path, *THREE)
    with (
        Store.open(tmp_path, byte_budget=BUDGET) as mapped,
        Store.open(tmp_path, byte_budget=BUDGET) as unmapped,
        Store.open(tmp_path, byte_budget=BUDGET) as store,
    ):
        places = mapped.resolve([key(n) for n in range(12)])
        assert mapped.reader.gather(*places.T).ok.all()
        store.evict(to=0)
        store.put([named(n) for n in range(100, 112)])
        again = mapped.reader.gather(*places.T)
        assert again.ok.all()
        assert again.columns is not None
        assert (again.columns["image"][3] == image(3)["image"]).all()
        assert not unmapped.reader.gather(*places.T).ok.any()
        assert (unmapped.resolve([key(n) for n in range(12)]) == -1).all()


@pytest.mark.parametrize("dry_run", [True, False])
def test_shards_with_nothing_alive_are_the_first_to_go(tmp_path: Path, dry_run: bool) -> None:
    first, second = shards(tmp_path, *THREE[:2])
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.forget([key(n) for n in range(4)])
        which = Which(to=store.used() - 1)
        assert evict(store._session(), tmp_path, which, dry_run=dry_run)[:2] == (1, 0)
        left = set(store._session().index.shards())
        assert left == ({first, second} if dry_run else {second})
