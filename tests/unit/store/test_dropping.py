from __future__ import annotations

from pathlib import Path

from lightning_synthaug.store import Store
from lightning_synthaug.store.dropping import drop_shard, finish_drops
from tests.unit.store.samples import BUDGET, filled, image, key, one_file


def test_a_dropped_shard_is_gone_from_disk_and_index_and_readers_go_on(tmp_path: Path) -> None:
    with filled(tmp_path, 4):
        pass
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        places = store.resolve([key(1)])
        assert store.get(key(1)) == image(1)  # mapped from here on
        drop_shard(store._session().index, tmp_path, int(places[0, 0]))
        assert store.stats()[:3] == (0, 0, 0)
        assert not [*tmp_path.glob("*.rows"), *tmp_path.glob("*.log"), *tmp_path.glob("*.dropped")]
        assert store.reader.read(*places[0].tolist()) == image(1)
        with Store.open(tmp_path, byte_budget=BUDGET) as other:
            assert other.reader.read(*places[0].tolist()) is None


def test_a_drop_cut_short_is_finished_at_the_next_opening(tmp_path: Path) -> None:
    with filled(tmp_path, 4):
        pass
    log = one_file(tmp_path, "*.log")
    log.rename(log.with_suffix(".dropped"))
    (tmp_path / "mine.dropped").touch()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert store.stats()[:3] == (0, 0, 0)
        assert not list(tmp_path.glob("*.rows"))
    assert [path.name for path in tmp_path.glob("*.dropped")] == ["mine.dropped"]
    finish_drops(tmp_path)
