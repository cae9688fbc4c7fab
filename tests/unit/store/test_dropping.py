from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.store import Store, dropping
from lightning_synthaug.store.dropping import drop_shards, finish_drops
from lightning_synthaug.store.durable import sync_folder
from lightning_synthaug.store.header import log_path
from tests.unit.store.samples import BUDGET, filled, image, key, one_file, shards, there


def test_a_dropped_shard_is_gone_from_disk_and_index_and_readers_go_on(tmp_path: Path) -> None:
    with filled(tmp_path, 4):
        pass
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        places = store.resolve([key(1)])
        assert store.get(key(1)) == image(1)  # mapped from here on
        drop_shards(store._session().index, tmp_path, [int(places[0, 0])])
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


def test_shards_go_together_with_one_sync_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a power cut must find: every name changed and synced before the first file goes."""
    first, second, _ = shards(tmp_path, range(4), range(4, 8), range(8, 12))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        index = store._session().index
        seen: list[tuple[int, int, int, int]] = []

        def sync(folder: Path) -> None:
            kinds = [len(list(folder.glob(f"*.{kind}"))) for kind in ("log", "dropped", "rows")]
            seen.append((*kinds, len(index.shards())))  # type: ignore[arg-type]
            sync_folder(folder)

        monkeypatch.setattr(dropping, "sync_folder", sync)
        drop_shards(index, tmp_path, [first, second])
        drop_shards(index, tmp_path, [])
        assert seen == [(1, 2, 3, 3)]
        assert there(store, range(12)) == [8, 9, 10, 11]
        assert store.stats()[:3:2] == (4, 1)


@pytest.mark.parametrize("renamed", [1, 2])
def test_what_was_renamed_when_a_drop_of_several_was_cut_short_goes_and_the_rest_stays(
    tmp_path: Path, renamed: int
) -> None:
    ids = shards(tmp_path, range(4), range(4, 8), range(8, 12))
    for shard in ids[:renamed]:
        log = log_path(tmp_path, shard)
        log.rename(log.with_suffix(".dropped"))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        assert there(store, range(12)) == list(range(4 * renamed, 12))
        assert store.verify() == []
        assert {path.stem for path in tmp_path.glob("*.rows")} == {
            path.stem for path in tmp_path.glob("*.log")
        }
